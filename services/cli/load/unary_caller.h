// Unary calls over several connections, answered in the background: as many under way as an open
// loop needs, without a thread for each.
//
// Thread rule: that of Caller.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/client/error.h"
#include "common/client/options.h"
#include "common/sync/mutex.h"
#include "services/cli/load/caller.h"

namespace firstline::load {

class UnaryCaller : public Caller {
 public:
  // `targets` is not empty; `options` say how to connect. Starts with the first; follows NOT_OWNER to
  // the owner it names, and goes on to the next target when one cannot be reached.
  UnaryCaller(std::vector<std::string> targets, const client::Options& options, int connections);
  // Waits for the answers.
  ~UnaryCaller() override;

  void Send(v1::Command command, client::CommandAnswer answer) override;
  void Drain() override;

 private:
  struct Connection;
  template <typename Request, typename Response>
  struct Call;

  Connection& NextConnection() FIRSTLINE_EXCLUDES(mutex_);
  template <typename Request, typename Response, typename Method>
  void Start(Method method, Request request, client::CommandAnswer answer);
  // What an error says about where to ask. `address` gave it.
  void Learn(const std::string& address, const client::Error& error) FIRSTLINE_EXCLUDES(mutex_);
  void Done() FIRSTLINE_EXCLUDES(mutex_);

  const std::vector<std::string> targets_;
  const client::Options options_;
  const std::size_t count_;  // connections to an address
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::string address_ FIRSTLINE_GUARDED_BY(mutex_);
  // By address, all that there were. gRPC must not lose its last channel in one of its own callbacks:
  // the thread would wait for itself.
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> connections_
      FIRSTLINE_GUARDED_BY(mutex_);
  std::size_t turn_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  std::size_t target_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  std::size_t unanswered_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
};

}  // namespace firstline::load
