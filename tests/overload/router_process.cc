#include "tests/overload/router_process.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/redis/connection.h"

namespace firstline::test {
namespace {

constexpr std::chrono::seconds kStartMax{30};

// "VmRSS:   1234 kB" of a file in /proc.
double KibOf(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size()));
  }
  throw std::runtime_error(path + " has no " + key);
}

}  // namespace

RouterProcess::RouterProcess() {
  const std::string ports = redis_.folder() / "ports";
  process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
      FIRSTLINE_ROUTER, "--listen=127.0.0.1:0", "--metrics-listen=none",
      "--store=unix:" + redis_.address().unix_path, "--port-file=" + ports, "--log-level=error"});
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  while (!std::filesystem::exists(ports)) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no router");
    process_->ReadLine(std::chrono::milliseconds(20));
  }
  std::string port;
  std::ifstream(ports) >> port;
  address_ = "127.0.0.1:" + port;
}

double RouterProcess::RssMib() const {
  return KibOf("/proc/" + std::to_string(process_->pid()) + "/status", "VmRSS:") / 1024;
}

double RouterProcess::RedisMib() const {
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
