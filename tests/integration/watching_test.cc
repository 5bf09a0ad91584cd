// Watch streams at a router that does not own the workspace, while its owner is killed, stopped or
// told to go: streams stay open, agents' sessions live on, every event comes once and in order.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/status/reason.h"
#include "common/sync/mutex.h"
#include "google/protobuf/util/time_util.h"
#include "tests/common/redis_server.h"
#include "tests/integration/stubs.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kGrace{2};
constexpr seconds kPatience{30};

// True once `so` is; false after kPatience.
template <class Condition>
bool Becomes(const Condition& so) {
  const auto end = steady_clock::now() + kPatience;
  while (!so()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

// ann's stream, read by a thread of its own.
class AgentStream {
 public:
  explicit AgentStream(Stubs& stubs) : stream_(stubs.agents->WatchAgents(&context_)) {
    v1::WatchAgentsRequest open;
    open.mutable_open()->set_workspace("shop");
    open.mutable_open()->set_session_id("s1");
    open.mutable_open()->set_include_inquiries(true);
    stream_->Write(open);
    v1::WatchAgentsRequest add;
    auto& subject = *add.mutable_add()->add_agents();
    subject.set_agent_id("ann");
    subject.set_presence(v1::PRESENCE_AVAILABLE);
    stream_->Write(add);
    reader_ = std::thread([this] { Read(); });
  }
  ~AgentStream() {
    context_.TryCancel();
    reader_.join();
  }

  size_t snapshots() const { return snapshots_; }
  bool ended() const { return ended_; }
  // Once it has ended.
  absl::Status status() const { return status_; }
  // Where the first snapshot was taken, and the ids of all events since.
  std::string first_cursor() const {
    sync::MutexLock lock(mutex_);
    return first_cursor_;
  }
  std::vector<std::string> events() const {
    sync::MutexLock lock(mutex_);
    return events_;
  }

 private:
  void Read() {
    v1::WatchAgentsResponse response;
    while (stream_->Read(&response)) {
      sync::MutexLock lock(mutex_);
      if (response.has_snapshot() && snapshots_++ == 0) first_cursor_ = response.cursor();
      for (const v1::Event& event : response.updates().events()) events_.push_back(event.id());
    }
    status_ = rpc::FromGrpc(stream_->Finish());
    ended_ = true;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WatchAgentsRequest, v1::WatchAgentsResponse>>
      stream_;
  std::atomic<size_t> snapshots_{0};
  std::atomic<bool> ended_{false};
  absl::Status status_;
  mutable sync::Mutex mutex_;
  std::string first_cursor_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<std::string> events_ FIRSTLINE_GUARDED_BY(mutex_);
  std::thread reader_;
};

// Makes offers to ann and takes them back, through one router.
class Offers {
 public:
  explicit Offers(Stubs& stubs) : stubs_(stubs), thread_([this] { Run(); }) {}
  ~Offers() { Stop(); }
  int made() const { return made_; }
  bool Make(int more) {
    const int wanted = made_ + more;
    return Becomes([&] { return made_ >= wanted; });
  }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    for (int i = 0; !stop_; ++i) {
      const std::string id = absl::StrCat("i", i);
      v1::SubmitInquiryRequest submit;
      submit.set_workspace("shop");
      submit.mutable_inquiry()->set_id(id);
      submit.mutable_inquiry()->set_channel("chat");
      submit.mutable_inquiry()->set_queue("q");
      v1::SubmitInquiryResponse submitted;
      v1::CancelInquiryRequest cancel;
      cancel.set_workspace("shop");
      cancel.set_inquiry_id(id);
      cancel.set_reason(v1::CANCEL_REASON_WITHDRAWN);
      v1::CancelInquiryResponse cancelled;
      EXPECT_TRUE(Call(*stubs_.routing, &v1::RoutingService::Stub::SubmitInquiry, submit,
                       &submitted).ok());
      EXPECT_TRUE(Call(*stubs_.routing, &v1::RoutingService::Stub::CancelInquiry, cancel,
                       &cancelled).ok());
      ++made_;
    }
  }

  Stubs& stubs_;
  std::atomic<int> made_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Watching : public testing::Test {
 protected:
  Watching() {
    v1::ApplyWorkspaceRequest request = ChatWorkspace("shop");
    v1::Workspace& workspace = *request.mutable_workspace();
    *workspace.mutable_settings()->mutable_presence_grace() =
        TimeUtil::SecondsToDuration(kGrace.count());
    v1::Agent& ann = *workspace.add_agents();
    ann.set_id("ann");
    ann.mutable_capacity()->set_units(10);
    v1::ApplyWorkspaceResponse response;
    EXPECT_TRUE(
        Call(*first_.config, &v1::ConfigService::Stub::ApplyWorkspace, request, &response).ok());
    EXPECT_EQ(OwnerAddress(), a_.advertised());
  }

  std::string OwnerAddress() {
    const auto record = redis_.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
    return record.ok() ? std::string(record->view().AsString().value_or("")) : "";
  }

  v1::AgentStatus Ann(Stubs& stubs) {
    v1::GetAgentRequest request;
    request.set_workspace("shop");
    request.set_agent_id("ann");
    v1::GetAgentResponse response;
    EXPECT_TRUE(
        Call(*stubs.agents, &v1::AgentService::Stub::GetAgent, request, &response).ok());
    return response.agent();
  }

  // What history has about ann after `cursor`, up to now.
  std::vector<v1::Event> HistoryOfAnn(Stubs& stubs, const std::string& cursor) {
    // An event of a queue's own ends the reading.
    v1::SubmitInquiryRequest last;
    last.set_workspace("shop");
    last.mutable_inquiry()->set_id(absl::StrCat("last", ++histories_));
    last.mutable_inquiry()->set_channel("chat");
    last.mutable_inquiry()->set_queue("q");
    last.mutable_inquiry()->mutable_requirement()->add_labels("nobody");
    v1::SubmitInquiryResponse response;
    EXPECT_TRUE(
        Call(*stubs.routing, &v1::RoutingService::Stub::SubmitInquiry, last, &response).ok());
    v1::WatchEventsRequest request;
    request.set_workspace("shop");
    request.set_cursor(cursor);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto reader = stubs.routing->WatchEvents(&context, request);
    std::vector<v1::Event> events;
    v1::WatchEventsResponse page;
    while (reader->Read(&page)) {
      for (const v1::Event& event : page.events()) {
        if (event.inquiry_id() == last.inquiry().id()) {
          context.TryCancel();
          return events;
        }
        if (event.agent_id() == "ann") events.push_back(event);
      }
    }
    ADD_FAILURE() << "history ends early";
    return events;
  }

  // The stream has told what history has, once and in order, and ann's session was never closed.
  void ExpectWholeHistory(Stubs& stubs, const AgentStream& stream) {
    std::vector<std::string> ids;
    for (const v1::Event& event : HistoryOfAnn(stubs, stream.first_cursor())) {
      EXPECT_FALSE(event.has_session_closed()) << event.ShortDebugString();
      EXPECT_FALSE(event.has_presence_changed()) << event.ShortDebugString();
      ids.push_back(event.id());
    }
    EXPECT_GT(ids.size(), 0u);
    EXPECT_TRUE(Becomes([&] { return stream.events().size() >= ids.size(); }));
    EXPECT_EQ(stream.events(), ids);
  }

  RedisServer redis_{{.append_only = true}};
  const RouterProcessOptions options_ = {.store = "unix:" + redis_.address().unix_path,
                                         .behind_network = true,
                                         .extra_arguments = {"--lease-ms=1000"}};
  RouterProcess a_{options_}, b_{options_};
  Stubs first_{a_.address()}, second_{b_.address()};
  int histories_ = 0;
};

enum class Fate { kKilled, kStopped, kToldToGo };

class WatchingWhile : public Watching, public testing::WithParamInterface<Fate> {
 protected:
  void Meet(RouterProcess& router) {
    switch (GetParam()) {
      case Fate::kKilled:
        router.Signal(SIGKILL);
        router.Wait();
        return;
      case Fate::kStopped:
        return router.Signal(SIGSTOP);
      case Fate::kToldToGo:
        router.Signal(SIGTERM);
        EXPECT_EQ(router.Wait(), 0);
        return;
    }
  }
  // Brings it back as a router that owns nothing.
  void Revive(RouterProcess& router) {
    GetParam() == Fate::kStopped ? router.Signal(SIGCONT) : router.Restart();
  }
};

TEST_P(WatchingWhile, AgentsWorkOnAndMissNothing) {
  AgentStream stream(second_);
  ASSERT_TRUE(Becomes([&] { return stream.snapshots() > 0; }));
  EXPECT_EQ(Ann(first_).presence(), v1::PRESENCE_AVAILABLE);
  Offers offers(second_);
  ASSERT_TRUE(offers.Make(50));
  Meet(a_);
  ASSERT_TRUE(offers.Make(50));
  EXPECT_EQ(OwnerAddress(), b_.advertised());
  Revive(a_);
  // This pod vouches for the session at the new owner, so that the grace never runs out.
  const auto later = steady_clock::now() + kGrace + kGrace / 2;
  ASSERT_TRUE(Becomes([&] { return steady_clock::now() > later; }));
  ASSERT_TRUE(offers.Make(50));
  offers.Stop();
  EXPECT_FALSE(stream.ended()) << stream.status();
  EXPECT_GT(stream.snapshots(), 1u) << "a new owner is followed by a snapshot";
  const v1::AgentStatus ann = Ann(second_);
  EXPECT_EQ(ann.presence(), v1::PRESENCE_AVAILABLE);
  EXPECT_EQ(ann.sessions_size(), 1);
  ExpectWholeHistory(second_, stream);
}

TEST_P(WatchingWhile, FiguresGoOn) {
  Offers offers(second_);
  v1::WatchStatsRequest request;
  request.set_workspace("shop");
  request.mutable_interval()->set_nanos(500'000'000);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience * 2);
  const auto reader = second_.stats->WatchStats(&context, request);
  v1::WatchStatsResponse response;
  int64_t told_us = 0;
  const auto read = [&] {
    if (!reader->Read(&response)) return false;
    const int64_t now_us = TimeUtil::TimestampToMicroseconds(response.time());
    EXPECT_GE(now_us, told_us) << "figures go back in time";
    told_us = now_us;
    return true;
  };
  ASSERT_TRUE(read());
  ASSERT_EQ(response.queues_size(), 1);
  const int64_t since = TimeUtil::TimestampToMicroseconds(response.queues(0).since_time());
  ASSERT_TRUE(read());
  Meet(a_);
  // They are the next owner's, which counts anew.
  bool anew = false;
  while (!anew) {
    ASSERT_TRUE(read()) << rpc::FromGrpc(reader->Finish());
    for (const v1::QueueStats& queue : response.queues()) {
      anew = TimeUtil::TimestampToMicroseconds(queue.since_time()) > since && queue.submitted() > 0;
    }
  }
  Revive(a_);
  ASSERT_TRUE(read());
  context.TryCancel();
}

// A customer's place is told through a pod that is not the owner, and goes on at the next owner.
TEST_P(WatchingWhile, PlacesGoOn) {
  const auto submit = [&](const std::string& id) {
    v1::SubmitInquiryRequest request;
    request.set_workspace("shop");
    request.mutable_inquiry()->set_id(id);
    request.mutable_inquiry()->set_channel("chat");
    request.mutable_inquiry()->set_queue("q");
    v1::SubmitInquiryResponse response;
    return Call(*second_.routing, &v1::RoutingService::Stub::SubmitInquiry, request, &response).ok();
  };
  ASSERT_TRUE(submit("before") && submit("watched"));
  v1::WatchInquiriesRequest request;
  request.set_workspace("shop");
  request.add_inquiry_ids("watched");
  request.mutable_interval()->set_seconds(1);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience * 2);
  const auto reader = second_.routing->WatchInquiries(&context, request);
  v1::WatchInquiriesResponse response;
  const auto place = [&] {
    while (reader->Read(&response)) {
      if (response.inquiries_size() == 1) return response.inquiries(0).place_in_queue();
    }
    return 0;
  };
  EXPECT_EQ(place(), 2);
  Meet(a_);
  v1::CancelInquiryRequest cancel;
  cancel.set_workspace("shop");
  cancel.set_inquiry_id("before");
  cancel.set_reason(v1::CANCEL_REASON_ABANDONED);
  v1::CancelInquiryResponse cancelled;
  ASSERT_TRUE(Becomes([&] {
    return Call(*second_.routing, &v1::RoutingService::Stub::CancelInquiry, cancel, &cancelled).ok();
  }));
  EXPECT_EQ(place(), 1);
  Revive(a_);
  context.TryCancel();
}

std::string NameOf(const testing::TestParamInfo<Fate>& info) {
  switch (info.param) {
    case Fate::kKilled: return "TheOwnerIsKilled";
    case Fate::kStopped: return "TheOwnerIsStopped";
    case Fate::kToldToGo: return "TheOwnerIsToldToGo";
  }
  return "";
}
INSTANTIATE_TEST_SUITE_P(Owners, WatchingWhile,
                         testing::Values(Fate::kKilled, Fate::kStopped, Fate::kToldToGo), NameOf);

// The stream's own pod goes: within the grace the session returns at another one.
TEST_F(Watching, ASessionMovesWithItsStream) {
  std::string cursor;
  {
    AgentStream stream(second_);
    ASSERT_TRUE(Becomes([&] { return stream.snapshots() > 0; }));
    b_.Signal(SIGTERM);
    ASSERT_TRUE(Becomes([&] { return stream.ended(); }));
    EXPECT_EQ(status::ReasonOf(stream.status()), "SHUTTING_DOWN");
    cursor = stream.first_cursor();
  }
  AgentStream again(first_);
  ASSERT_TRUE(Becomes([&] { return again.snapshots() > 0; }));
  EXPECT_EQ(b_.Wait(), 0);
  const auto later = steady_clock::now() + kGrace + kGrace / 2;
  ASSERT_TRUE(Becomes([&] { return steady_clock::now() > later; }));
  EXPECT_EQ(Ann(first_).presence(), v1::PRESENCE_AVAILABLE);
  for (const v1::Event& event : HistoryOfAnn(first_, cursor)) {
    EXPECT_FALSE(event.has_session_closed()) << event.ShortDebugString();
  }
}

// Both routers live and reach Redis, but not each other: the owner hears nothing of the session.
TEST_F(Watching, AStreamWhosePodCannotReachTheOwnerIsToldThatItsSessionLapsed) {
  AgentStream stream(second_);
  ASSERT_TRUE(Becomes([&] { return stream.snapshots() > 0; }));
  a_.network().Hold(true);
  ASSERT_TRUE(Becomes([&] { return stream.ended(); }));
  EXPECT_EQ(status::ReasonOf(stream.status()), "LEASE_EXPIRED");
  EXPECT_EQ(Ann(first_).presence(), v1::PRESENCE_OFFLINE);
  a_.network().Hold(false);
  AgentStream again(second_);
  ASSERT_TRUE(Becomes([&] { return again.snapshots() > 0; }));
  EXPECT_EQ(Ann(first_).presence(), v1::PRESENCE_AVAILABLE);
}

}  // namespace
}  // namespace firstline::test
