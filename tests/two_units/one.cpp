#include <everything.hpp>

int two();

int main() { return two(); }  // that it links is the test
