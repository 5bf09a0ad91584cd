// The router as a process of its own, for tests that kill it, stop it, measure it or start it again.
//
//   test::RedisServer redis({.append_only = true});
//   test::RouterProcess router({.store = "unix:" + redis.address().unix_path});
//   client::Client client({.targets = {router.address()}});
//   router.Signal(SIGKILL);
//   EXPECT_EQ(router.Wait(), -SIGKILL);
//   router.Restart();   // the same address
//
// Lifetime: the kernel kills the router when the thread that started it ends (the constructor's, or
// that of the last Restart), so that a crashed test leaves nothing behind; that thread must outlive
// the object. The object kills it at its own end. What the router uses, such as its Redis, stands
// before it and so outlives it.
//
// Thread rule: one thread at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/child_process.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/temp_folder.h"

namespace firstline::test {

struct RouterProcessOptions {
  // As --store.
  std::string store = "memory";
  // As --metrics-listen.
  std::string metrics_listen = "none";
  // As --log-level.
  std::string log_level = "error";
  // The file its log is appended to; empty: the test's standard error. Where $FIRSTLINE_TEST_LOGS
  // names a folder it goes to a file there instead, at the level info.
  std::string log_file = {};
  // Other routers reach it through RouterProcess::network().
  bool behind_network = false;
  // Further options, such as {"--lease-ms=1000"}.
  std::vector<std::string> extra_arguments = {};
};

class RouterProcess {
 public:
  // Starts it on a free port and returns when it serves. Throws if it ends instead, or does not
  // serve within half a minute.
  explicit RouterProcess(RouterProcessOptions options);
  // Kills it.
  ~RouterProcess();
  RouterProcess(const RouterProcess&) = delete;
  RouterProcess& operator=(const RouterProcess&) = delete;

  // host:port; stays across restarts.
  std::string address() const { return "127.0.0.1:" + port_; }
  // host:port of /metrics; only with RouterProcessOptions::metrics_listen. Another one after a
  // restart if that says port 0.
  std::string metrics_address() const { return "127.0.0.1:" + metrics_port_; }
  // address() as other routers, and ownership records, know it.
  std::string advertised() const { return network_ == nullptr ? address() : network_->address(); }
  // Only with RouterProcessOptions::behind_network: what lies between it and the other routers.
  FaultProxy& network() { return *network_; }
  // While it runs.
  pid_t pid() const { return process_->pid(); }
  // As ChildProcess::Signal; no effect after Wait().
  void Signal(int signal) { process_->Signal(signal); }
  // Waits for its end: the exit code, or minus the signal that killed it.
  int Wait() { return process_->Wait(); }
  // Starts it again with the same options, as the constructor does; one that still runs is killed.
  void Restart();
  // host:port of --health-listen, which must be among the options.
  std::string health_address() const;

 private:
  void Start();

  const RouterProcessOptions options_;
  const TempFolder folder_;
  std::string port_ = "0";
  std::string metrics_port_;
  std::unique_ptr<FaultProxy> network_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace firstline::test
