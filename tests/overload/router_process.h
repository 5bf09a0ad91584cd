// A router in a process of its own on a real Redis that appends to disk every second, with a look
// at the memory both take.
//
// Thread rule: one thread at a time, and the one that starts it must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/common/redis_server.h"
#include "tests/e2e/child_process.h"

namespace firstline::test {

class RouterProcess {
 public:
  // Returns when it serves; throws if it does not.
  RouterProcess();

  const std::string& address() const { return address_; }
  // Resident memory of the router now, in MiB.
  double RssMib() const;
  // What Redis says it uses, in MiB.
  double RedisMib() const;

 private:
  RedisServer redis_{{.append_only = true}};
  std::unique_ptr<ChildProcess> process_;
  std::string address_;
};

}  // namespace firstline::test
