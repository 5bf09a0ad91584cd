// This pod's stream to another one (ForwardService.Forward). Connects when there is something to
// send; a stream that breaks is told once and opened again for what is sent next.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "services/router/api/forward_observer.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

class Peer {
 public:
  struct Options {
    std::shared_ptr<grpc::ChannelCredentials> credentials;  // null: insecure
    std::string name;  // what a peer's certificate must carry, whatever its address
  };
  // Neither may destroy the peer.
  using OnResult = std::function<void(const internal::v1::ForwardedResult&)>;
  using OnLost = std::function<void(const std::string& address)>;

  // `observer` must outlive it.
  Peer(const Options& options, std::string address, std::shared_ptr<RpcLoop> loop,
       ForwardObserver& observer, OnResult on_result, OnLost on_lost);
  // Its stream must have ended: after Close and the loop's Stop.
  ~Peer();

  // The result comes by OnResult unless OnLost comes before.
  void Send(internal::v1::ForwardedCall call);
  void Close();

 private:
  class Stream;

  void OnEnded();
  void Flush();
  internal::v1::ForwardRequest TakePending();

  const std::string address_;
  const std::shared_ptr<RpcLoop> loop_;
  ForwardObserver& observer_;
  const OnResult on_result_;
  const OnLost on_lost_;
  std::unique_ptr<internal::v1::ForwardService::Stub> stub_;
  internal::v1::ForwardRequest pending_;
  bool flushing_ = false;
  bool closed_ = false;
  Stream* stream_ = nullptr;  // deletes itself
};

}  // namespace firstline::api
