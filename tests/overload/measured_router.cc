#include "tests/overload/measured_router.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/redis/connection.h"

namespace firstline::test {
namespace {

// "VmRSS:   1234 kB" of a file in /proc.
double KibOf(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size()));
  }
  throw std::runtime_error(path + " has no " + key);
}

}  // namespace

double MeasuredRouter::RssMib() const {
  return KibOf("/proc/" + std::to_string(router_.pid()) + "/status", "VmRSS:") / 1024;
}

double MeasuredRouter::RedisMib() const {
  const auto info = redis_.Connect()->Call({"INFO", "memory"});
  if (!info.ok()) throw std::runtime_error("INFO: " + info.status().ToString());
  std::istringstream lines{std::string(info->view().AsString().value())};
  const std::string key = "used_memory:";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) / (1 << 20);
  }
  throw std::runtime_error("INFO has no used_memory");
}

}  // namespace firstline::test
