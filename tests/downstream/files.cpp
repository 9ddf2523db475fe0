#include <berl/io/image.hpp>
#include <berl/nn/linear.hpp>

int main() { return berl::Shape<3, 112, 112>::size == 37632 ? 0 : 1; }
