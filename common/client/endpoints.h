// Which router to ask: the addresses configured, and who was said to own a workspace.
//
// Any router may be asked first. One that does not own a workspace names the owner, which is
// remembered; an address that cannot be reached is forgotten as owner, or, among the configured
// ones, makes way for the next.
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
  // `address`, asked about `workspace`, was not reached or knows no owner.
  void Fail(const std::string& workspace, const std::string& address);

 private:
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) FIRSTLINE_REQUIRES(mutex_);

  const Options options_;
  sync::Mutex mutex_;
  std::size_t target_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::string> owners_ FIRSTLINE_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::client
