#include "common/client/endpoints.h"

#include <grpcpp/create_channel.h>

#include <algorithm>
#include <cassert>

namespace firstline::client {
namespace {

// Bounds on what is remembered; reaching one costs a few redirections, no more.
constexpr std::size_t kOwnersMax = 100'000;
constexpr std::size_t kChannelsMax = 256;
// A page of 1000 inquiries with 8 KiB of attributes each is beyond gRPC's default of 4 MiB.
constexpr int kMessageBytesMax = 64 << 20;

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const Options& options) {
  grpc::ChannelArguments arguments;
  // gRPC waits 1 s and then up to 2 minutes before it connects again; a router is back sooner.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  // Despite its name how long connecting may take, handshakes included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(
      address, options.credentials ? options.credentials : grpc::InsecureChannelCredentials(),
      arguments);
}

Endpoints::Endpoints(const Options& options) : options_(options) {
  assert(!options_.targets.empty());
}

Endpoint Endpoints::Pick(const std::string& workspace) {
  sync::MutexLock lock(mutex_);
  const auto owner = owners_.find(workspace);
  const std::string address = owner == owners_.end() ? options_.targets[target_] : owner->second;
  return {address, ChannelTo(address)};
}

Endpoint Endpoints::To(const std::string& address) {
  sync::MutexLock lock(mutex_);
  return {address, ChannelTo(address)};
}

bool Endpoints::Redirect(const std::string& workspace, const std::string& asked,
                         const std::string& owner) {
  if (owner.empty() || owner == asked) return false;
  sync::MutexLock lock(mutex_);
  Remember(workspace, owner);
  return true;
}

void Endpoints::Hint(const std::string& workspace, const std::string& owner) {
  if (!options_.follow_owners || owner.empty()) return;
  sync::MutexLock lock(mutex_);
  const auto unreached = unreached_.find(workspace);
  if (unreached == unreached_.end() || unreached->second != owner) Remember(workspace, owner);
}

void Endpoints::Remember(const std::string& workspace, const std::string& owner) {
  if (owners_.size() >= kOwnersMax) owners_.clear();
  owners_[workspace] = owner;
  unreached_.erase(workspace);
}

void Endpoints::Fail(const std::string& workspace, const std::string& address) {
  sync::MutexLock lock(mutex_);
  const auto owner = owners_.find(workspace);
  if (owner != owners_.end()) {
    if (owner->second != address) return;
    if (unreached_.size() >= kOwnersMax) unreached_.clear();
    unreached_[workspace] = address;
    owners_.erase(owner);
    return;
  }
  // Many calls may have failed on the same target; only the first of them moves on.
  if (options_.targets[target_] == address) target_ = (target_ + 1) % options_.targets.size();
}

std::shared_ptr<grpc::Channel> Endpoints::ChannelTo(const std::string& address) {
  auto& channel = channels_[address];
  if (channel == nullptr) channel = Connect(address, options_);
  const std::shared_ptr<grpc::Channel> kept = channel;
  if (channels_.size() > kChannelsMax) {
    // Pods come and go under new addresses; channels that nobody uses are theirs.
    std::erase_if(channels_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  return kept;
}

}  // namespace firstline::client
