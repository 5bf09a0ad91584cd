#include "services/cli/load/unary_caller.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <utility>

#include "common/client/endpoints.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"

namespace firstline::load {
namespace {

// Calls under way: more than a router holds open for a workspace, so that it is the router who says
// when it is enough.
constexpr std::size_t kCallsMax = 32'768;
constexpr std::chrono::seconds kDeadline{15};

}  // namespace

struct UnaryCaller::Connection {
  Connection(const std::string& to, const client::Options& options)
      : address(to), channel(client::Connect(to, options)), routing(channel), agents(channel) {}
  const std::string address;
  const std::shared_ptr<grpc::Channel> channel;
  v1::RoutingService::Stub routing;
  v1::AgentService::Stub agents;
};

template <typename Request, typename Response>
struct UnaryCaller::Call {
  Connection& connection;
  grpc::ClientContext context;
  Request request;
  Response response;
  client::CommandAnswer answer;
};

UnaryCaller::UnaryCaller(std::vector<std::string> targets, const client::Options& options,
                         int connections)
    : targets_(std::move(targets)),
      options_(options),
      count_(static_cast<std::size_t>(connections)),
      address_(targets_.front()) {}

UnaryCaller::~UnaryCaller() { Drain(); }

UnaryCaller::Connection& UnaryCaller::NextConnection() {
  sync::MutexLock lock(mutex_);
  while (unanswered_ >= kCallsMax) changed_.Wait(mutex_);
  ++unanswered_;
  auto& connections = connections_[address_];
  while (connections.size() < count_) {
    connections.push_back(std::make_unique<Connection>(address_, options_));
  }
  return *connections[turn_++ % connections.size()];
}

void UnaryCaller::Learn(const std::string& address, const client::Error& error) {
  sync::MutexLock lock(mutex_);
  if (address != address_) return;  // Somebody else has learned it.
  const std::string owner = error.MetadataValue("owner");
  if (error.reason == "NOT_OWNER" && !owner.empty()) {
    address_ = owner;
  } else if (error.reason == "NOT_OWNER" || error.reason == "SHUTTING_DOWN" ||
             (error.reason.empty() && error.code == grpc::StatusCode::UNAVAILABLE)) {
    address_ = targets_[++target_ % targets_.size()];
  }
}

void UnaryCaller::Done() {
  // Told under the lock: whoever drains may destroy this next.
  sync::MutexLock lock(mutex_);
  --unanswered_;
  changed_.NotifyAll();
}

template <typename Request, typename Response, typename Method>
void UnaryCaller::Start(Method method, Request request, client::CommandAnswer answer) {
  auto* call = new Call<Request, Response>{.connection = NextConnection()};
  call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  call->request = std::move(request);
  call->answer = std::move(answer);
  method(call->connection, *call, [this, call](const grpc::Status& status) {
    // The library is done with it; the answer must not find it half destroyed.
    std::unique_ptr<Call<Request, Response>> owned(call);
    if (status.ok()) {
      call->answer(call->response.receipt());
    } else {
      const client::Error error = client::Error::From(status);
      Learn(call->connection.address, error);
      call->answer(error);
    }
    // Its context holds the channel, which must not outlive this caller.
    owned.reset();
    Done();
  });
}

void UnaryCaller::Send(v1::Command command, client::CommandAnswer answer) {
  switch (command.command_case()) {
    case v1::Command::kSubmitInquiry:
      return Start<v1::SubmitInquiryRequest, v1::SubmitInquiryResponse>(
          [](Connection& to, auto& call, auto done) {
            to.routing.async()->SubmitInquiry(&call.context, &call.request, &call.response, done);
          },
          std::move(*command.mutable_submit_inquiry()), std::move(answer));
    case v1::Command::kAcceptOffer:
      return Start<v1::AcceptOfferRequest, v1::AcceptOfferResponse>(
          [](Connection& to, auto& call, auto done) {
            to.agents.async()->AcceptOffer(&call.context, &call.request, &call.response, done);
          },
          std::move(*command.mutable_accept_offer()), std::move(answer));
    case v1::Command::kRecordMessage:
      return Start<v1::RecordMessageRequest, v1::RecordMessageResponse>(
          [](Connection& to, auto& call, auto done) {
            to.routing.async()->RecordMessage(&call.context, &call.request, &call.response, done);
          },
          std::move(*command.mutable_record_message()), std::move(answer));
    case v1::Command::kCloseInquiry:
      return Start<v1::CloseInquiryRequest, v1::CloseInquiryResponse>(
          [](Connection& to, auto& call, auto done) {
            to.routing.async()->CloseInquiry(&call.context, &call.request, &call.response, done);
          },
          std::move(*command.mutable_close_inquiry()), std::move(answer));
    default:
      answer(client::Error{.code = grpc::StatusCode::UNIMPLEMENTED,
                           .message = "no command of a load"});
  }
}

void UnaryCaller::Drain() {
  sync::MutexLock lock(mutex_);
  while (unanswered_ > 0) changed_.Wait(mutex_);
}

}  // namespace firstline::load
