// The ceiling of gRPC: a server that answers what it is sent, built in one of two ways.
//
//   bench_echo_server --api callback --port-file FILE     as the router is built; has the stream
//   bench_echo_server --api queue --port-file FILE        one completion queue, one thread
//
// Writes its port (a free one) into FILE and serves until SIGTERM.
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "tests/bench/echo.grpc.pb.h"

namespace firstline::bench {
namespace {

// ---- Callback API -----------------------------------------------------------------------------

class EchoStream final : public grpc::ServerBidiReactor<Batch, Batch> {
 public:
  EchoStream() { StartRead(&batch_); }

 private:
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&batch_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&batch_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnDone() override { delete this; }

  Batch batch_;
};

class CallbackEcho final : public Echo::CallbackService {
  grpc::ServerUnaryReactor* Say(grpc::CallbackServerContext* context, const Payload* request,
                                Payload* response) override {
    response->set_body(request->body());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerBidiReactor<Batch, Batch>* Stream(grpc::CallbackServerContext*) override {
    return new EchoStream();
  }
};

// ---- Completion queue -------------------------------------------------------------------------

class QueuedCall {
 public:
  QueuedCall(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), responder_(&context_) {
    service_.RequestSay(&context_, &request_, &responder_, &queue_, &queue_, this);
  }

  void Proceed(bool ok) {
    if (!ok || answered_) {
      delete this;
      return;
    }
    new QueuedCall(service_, queue_);
    answered_ = true;
    response_.set_body(request_.body());
    responder_.Finish(response_, grpc::Status::OK, this);
  }

 private:
  Echo::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  Payload request_, response_;
  grpc::ServerAsyncResponseWriter<Payload> responder_;
  bool answered_ = false;
};

// Few: each waiting call is a tag that every completion is compared with.
constexpr int kWaitingCalls = 64;

void ServeQueue(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue) {
  for (int i = 0; i < kWaitingCalls; ++i) new QueuedCall(service, queue);
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<QueuedCall*>(tag)->Proceed(ok);
}

// ---- Both -------------------------------------------------------------------------------------

void WritePort(const std::string& path, int port) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << port << "\n";
  std::rename(fresh.c_str(), path.c_str());
}

int Serve(bool queued, const std::string& port_file) {
  grpc::ServerBuilder builder;
  int port = 0;
  // Two servers on one port would share its calls without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  CallbackEcho callback;
  Echo::AsyncService async;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  if (queued) {
    builder.RegisterService(&async);
    queue = builder.AddCompletionQueue();
  } else {
    builder.RegisterService(&callback);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return 1;
  std::thread thread;
  if (queued) thread = std::thread([&] { ServeQueue(async, *queue); });
  WritePort(port_file, port);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
  if (queue) queue->Shutdown();
  if (thread.joinable()) thread.join();
  return 0;
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) {
  std::string api = "callback", port_file;
  CLI::App cli("Answers what it is sent.", "bench_echo_server");
  cli.add_option("--api", api)->check(CLI::IsMember({"callback", "queue"}));
  cli.add_option("--port-file", port_file)->required();
  CLI11_PARSE(cli, argc, argv);
  // Before any thread: signals are waited for in Serve.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return firstline::bench::Serve(api == "queue", port_file);
}
