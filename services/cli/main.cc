#include <iostream>
#include <string>
#include <vector>

#include "services/cli/app.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return static_cast<int>(firstline::cli::Run(arguments, std::cout, std::cerr));
}
