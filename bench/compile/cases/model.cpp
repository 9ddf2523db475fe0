// budget: 2 s, 400 MB
#include <berl/model.hpp>
