// A router in a process of its own on a real Redis that appends to disk every second, with a look
// at the memory both take.
//
// Thread rule: one thread at a time; RouterProcess says which thread must outlive it.
#pragma once

#include <string>

#include "tests/common/redis_server.h"
#include "tests/support/router_process.h"

namespace firstline::test {

class MeasuredRouter {
 public:
  std::string address() const { return router_.address(); }
  // Resident memory of the router now, in MiB.
  double RssMib() const;
  // What Redis says it uses, in MiB.
  double RedisMib() const;

 private:
  RedisServer redis_{{.append_only = true}};
  RouterProcess router_{{.store = "unix:" + redis_.address().unix_path}};
};

}  // namespace firstline::test
