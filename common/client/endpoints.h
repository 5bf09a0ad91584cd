// Which router to ask: the addresses configured, and who was said to own a workspace.
//
// Any router may be asked: one that does not own a workspace has the owner serve the call, and tells
// who it is, so that the next one may go there at once. An address that cannot be reached is
// forgotten as owner, or, among the configured ones, makes way for the next.
//
// Thread rule: any thread.
#pragma once

#include <grpcpp/channel.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/client/options.h"
#include "common/sync/mutex.h"

namespace firstline::client {

struct Endpoint {
  std::string address;
  std::shared_ptr<grpc::Channel> channel;
};

// A connection of its own to `address`, as `options` say.
std::shared_ptr<grpc::Channel> Connect(const std::string& address, const Options& options);

class Endpoints {
 public:
  // `options.targets` must not be empty.
  explicit Endpoints(const Options& options);

  // The owner of `workspace` if one was named, otherwise the target in use.
  Endpoint Pick(const std::string& workspace);
  Endpoint To(const std::string& address);
  // `owner` was named as the owner of `workspace`. False, and no effect, if it is empty or was
  // asked already: then there is nothing better to do than wait.
  bool Redirect(const std::string& workspace, const std::string& asked, const std::string& owner);
  // The call was served, but by `owner`; later ones may go there. Not followed where the owner could
  // not be reached from here: it was forwarded to all the same.
  void Hint(const std::string& workspace, const std::string& owner);
  // `address`, asked about `workspace`, was not reached or knows no owner.
  void Fail(const std::string& workspace, const std::string& address);

 private:
  void Remember(const std::string& workspace, const std::string& owner) FIRSTLINE_REQUIRES(mutex_);
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) FIRSTLINE_REQUIRES(mutex_);

  const Options options_;
  sync::Mutex mutex_;
  std::size_t target_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::string> owners_ FIRSTLINE_GUARDED_BY(mutex_);
  // Owners that could not be reached, each until another one is named.
  std::unordered_map<std::string, std::string> unreached_ FIRSTLINE_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::client
