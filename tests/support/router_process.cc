#include "tests/support/router_process.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace firstline::test {
namespace {

constexpr std::chrono::seconds kStartMax{30};
constexpr std::chrono::milliseconds kLook{20};

RouterProcessOptions WithKeptLog(RouterProcessOptions options) {
  static std::atomic<int> count = 0;
  const char* logs = std::getenv("FIRSTLINE_TEST_LOGS");
  if (logs == nullptr || !options.log_file.empty()) return options;
  options.log_file = std::string(logs) + "/router-" + std::to_string(++count) + ".log";
  options.log_level = "info";
  return options;
}

}  // namespace

RouterProcess::RouterProcess(RouterProcessOptions options)
    : options_(WithKeptLog(std::move(options))) {
  if (options_.behind_network) network_ = std::make_unique<FaultProxy>();
  Start();
}

RouterProcess::~RouterProcess() = default;

void RouterProcess::Restart() {
  process_.reset();
  Start();
}

std::string RouterProcess::health_address() const {
  std::string line, port;
  std::ifstream ports(folder_.path() / "ports");
  for (int i = 0; i < 3 && std::getline(ports, line); ++i) port = line;
  return "127.0.0.1:" + port;
}

void RouterProcess::Start() {
  const std::filesystem::path ports = folder_.path() / "ports";
  std::filesystem::remove(ports);
  std::vector<std::string> command = {FIRSTLINE_ROUTER,
                                      "--listen=" + address(),
                                      "--metrics-listen=" + options_.metrics_listen,
                                      "--store=" + options_.store,
                                      "--port-file=" + ports.string(),
                                      "--log-level=" + options_.log_level};
  if (network_ != nullptr) command.push_back("--advertise=" + network_->address());
  command.insert(command.end(), options_.extra_arguments.begin(), options_.extra_arguments.end());
  if (!options_.log_file.empty()) {
    command.insert(command.begin(),
                   {"/bin/sh", "-c", "exec \"$@\" 2>>\"$0\"", options_.log_file});
  }
  process_ = std::make_unique<ChildProcess>(command);
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  while (!std::filesystem::exists(ports)) {
    if (process_->HasEnded()) throw std::runtime_error("the router ended instead of serving");
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the router does not start");
    }
    process_->ReadLine(kLook);
  }
  std::ifstream(ports) >> port_ >> metrics_port_;
  if (network_ != nullptr) network_->Aim(address());
}

}  // namespace firstline::test
