#include "tests/api/server_fixture.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/empty.pb.h>
#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"

namespace firstline::api {
namespace {

constexpr char kWorkspace[] = R"pb(
  workspace {
    id: "w"
    channels { id: "chat" kind: CHANNEL_KIND_MESSAGING }
    channels { id: "voice" kind: CHANNEL_KIND_LIVE }
    teams { id: "night" vendor: "acme" }
    queues { id: "sales" allow_claim: true }
    queues { id: "support" requirement { labels: "vip" } }
    queues { id: "full" requirement { labels: "vip" } max_length: 1 }
    queues { id: "instant" auto_accept: true wrap_up { seconds: 600 }
             wrap_up_extension_max { seconds: 60 } reopen_within { seconds: 600 } }
    settings { away_reasons: "lunch" away_reasons: "training" }
    agents { id: "ann" memberships { queue: "sales" } capacity { units: 1 } }
    agents { id: "bob" team: "night" memberships { queue: "instant" } capacity { units: 20 } }
    agents { id: "cat" labels: "vip" skills { skill: "billing" level: 7 } }
    agents { id: "dan" skills { skill: "billing" level: 3 } }
  }
  mode: APPLY_MODE_WHOLE
  create: true
)pb";

// Runs a call of any kind to its end with a completion queue of its own.
class RawCall {
 public:
  RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
          const std::string& authorization) {
    if (!authorization.empty()) context_.AddMetadata("authorization", authorization);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = grpc::GenericStub(channel).PrepareCall(&context_, path, &queue_);
    stream_->StartCall(this);
    Wait();
  }
  void Send(const google::protobuf::Message& message) {
    const grpc::Slice slice(message.SerializeAsString());
    stream_->WriteLast(grpc::ByteBuffer(&slice, 1), {}, this);
    Wait();
  }
  bool Receive(std::string* message) {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, this);
    if (!Wait()) return false;
    grpc::Slice slice;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    message->assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return true;
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    return status;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    return ok;
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace

void CountingObserver::OnHandled(rpc::MethodName name, grpc::StatusCode code,
                                 std::chrono::nanoseconds elapsed) {
  EXPECT_GE(elapsed.count(), 0);
  sync::MutexLock lock(mutex_);
  ++counts_[absl::StrCat(std::string(name.service), "/", std::string(name.method), " ",
                         static_cast<int>(code))];
}

int CountingObserver::count(const std::string& key) {
  sync::MutexLock lock(mutex_);
  return counts_[key];
}

ServerFixture::ServerFixture() = default;

ServerFixture::~ServerFixture() {
  backend_.Release();
  if (server_) server_->Stop(std::chrono::milliseconds(0));
}

void ServerFixture::StartServer(ServerOptions options) {
  options.address = "127.0.0.1:0";
  auto started = Server::Start(options, backend_, backend_, observer_);
  ASSERT_TRUE(started.ok()) << started.status();
  server_ = *std::move(started);
  backend_.committed = [this] { server_->NotifyCommitted(); };
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                       grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ServerFixture::Call(const std::string& method, const std::string& text,
                                 std::vector<std::string>* replies) {
  const std::string full =
      absl::StrContains(method, "grpc.") ? method : absl::StrCat("firstline.v1.", method);
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full);
  if (descriptor == nullptr) return absl::UnknownError(absl::StrCat("no method ", full));
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  std::unique_ptr<google::protobuf::Message> request(
      factory->GetPrototype(descriptor->input_type())->New());
  if (!google::protobuf::TextFormat::ParseFromString(text, request.get())) {
    return absl::UnknownError(absl::StrCat("cannot parse ", text.substr(0, 200)));
  }
  RawCall call(channel_,
               absl::StrCat("/", descriptor->service()->full_name(), "/", descriptor->name()),
               authorization_);
  call.Send(*request);
  std::string reply;
  while (call.Receive(&reply)) {
    if (replies != nullptr) replies->push_back(reply);
  }
  return rpc::FromGrpc(call.Finish());
}

void ServerFixture::ApplyAQueue() {
  Must<google::protobuf::Empty>("ConfigService.ApplyWorkspace",
                                "mode: APPLY_MODE_WHOLE workspace { id: 'w' channels { "
                                "id: 'chat' kind: CHANNEL_KIND_MESSAGING } "
                                "queues { id: 'support' } }");
}

void ServerFixture::BuildWorkspace(ServerOptions options) {
  using Any = google::protobuf::Empty;  // Replies are not looked at here.
  StartServer(std::move(options));
  Must<Any>("ConfigService.ApplyWorkspace", kWorkspace);
  const auto submit = [&](const std::string& id, const std::string& queue,
                          const std::string& channel) {
    Must<Any>("RoutingService.SubmitInquiry",
              absl::StrCat("workspace: 'w' inquiry { id: '", id, "' queue: '", queue,
                           "' channel: '", channel, "' }"));
  };
  const auto on_inquiry = [&](const std::string& method, const std::string& id,
                              const std::string& rest) {
    Must<Any>("RoutingService." + method,
              absl::StrCat("workspace: 'w' inquiry_id: '", id, "' ", rest));
  };
  for (const std::string agent : {"ann", "bob"}) {
    Must<Any>("AgentService.SetPresence", absl::StrCat("workspace: 'w' agent_id: '", agent,
                                                       "' presence: PRESENCE_AVAILABLE"));
  }
  Must<Any>("AgentService.SetPresence",
            "workspace: 'w' agent_id: 'dan' presence: PRESENCE_AWAY reason: 'lunch'");
  submit("waiting", "support", "chat");
  submit("waits-full", "full", "chat");
  submit("offered", "sales", "chat");
  submit("assigned", "instant", "chat");
  submit("spoken", "instant", "voice");
  submit("parked", "instant", "chat");
  on_inquiry("ParkInquiry", "parked", "");
  submit("closed", "instant", "chat");
  on_inquiry("RecordMessage", "closed", "message_id: 'm1' author: AUTHOR_AGENT agent_id: 'bob'");
  on_inquiry("CloseInquiry", "closed", "resolution: RESOLUTION_RESOLVED agent_id: 'bob'");
  on_inquiry("RecordFeedback", "closed", "feedback { csat: 4 resolved: true }");
  submit("wrapping", "instant", "chat");
  on_inquiry("CloseInquiry", "wrapping", "resolution: RESOLUTION_OTHER");
  submit("cancelled", "support", "chat");
  on_inquiry("CancelInquiry", "cancelled", "reason: CANCEL_REASON_ABANDONED request_id: 'req-1'");
  on_inquiry("RecordMessage", "assigned", "message_id: 'm1' author: AUTHOR_CUSTOMER");
}

}  // namespace firstline::api
