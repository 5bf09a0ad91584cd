// What is taken of each caller: at and beyond the bound, in virtual time and over a real socket.
#include "services/router/api/caller_limits.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/access_fixture.h"

namespace firstline::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class HeardLimits final : public LimitObserver {
 public:
  void OnLimited(Allowance allowance) override {
    ++(allowance == Allowance::kAgentsWork ? agents_work : other);
  }
  void OnCallers(size_t remembered) override { callers = remembered; }
  std::atomic<int> agents_work{0}, other{0};
  std::atomic<size_t> callers{0};
};

class CallerLimitsTest : public testing::Test {
 protected:
  CallerLimits Limits(double rate, int64_t burst) {
    return CallerLimits({.rate = rate, .burst = burst, .now = [this] { return now_; },
                         .observer = &heard_});
  }
  nanoseconds now_{seconds(1000)};
  HeardLimits heard_;
};

TEST_F(CallerLimitsTest, ABurstAndThenTheRate) {
  CallerLimits limits = Limits(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limits.Charge("a", Allowance::kOther).ok()) << i;
  const absl::Status refused = limits.Charge("a", Allowance::kOther);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(refused), "CALLER_LIMITED");
  EXPECT_EQ(status::GetErrorInfo(refused)->retry_after, milliseconds(100));
  EXPECT_EQ(heard_.other, 1);
  now_ += milliseconds(99);
  EXPECT_FALSE(limits.Charge("a", Allowance::kOther).ok());
  now_ += milliseconds(1);
  EXPECT_TRUE(limits.Charge("a", Allowance::kOther).ok());
  EXPECT_FALSE(limits.Charge("a", Allowance::kOther).ok());
  // Over a minute of asking all the time: the rate, exactly.
  int taken = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    now_ += milliseconds(1);
    if (limits.Charge("a", Allowance::kOther).ok()) ++taken;
  }
  EXPECT_EQ(taken, 600);
}

// Whoever exceeds is alone with it; and still serves whom it serves.
TEST_F(CallerLimitsTest, CallersAndAllowancesAreApart) {
  CallerLimits limits = Limits(1, 2);
  for (int i = 0; i < 100; ++i) limits.Charge("a", Allowance::kOther).IgnoreError();
  EXPECT_EQ(heard_.other, 98);
  EXPECT_TRUE(limits.Charge("b", Allowance::kOther).ok());
  EXPECT_TRUE(limits.Charge("a", Allowance::kAgentsWork).ok());
  EXPECT_TRUE(limits.Charge("a", Allowance::kAgentsWork).ok());
  EXPECT_FALSE(limits.Charge("a", Allowance::kAgentsWork).ok());
  EXPECT_EQ(heard_.agents_work, 1);
}

TEST_F(CallerLimitsTest, CallersRememberedAreBounded) {
  CallerLimits limits = Limits(1, 2);
  const auto use = [&](size_t caller) {
    return limits.Charge(absl::StrCat("caller ", caller), Allowance::kOther).ok();
  };
  for (size_t i = 0; i < CallerLimits::kCallersMax; ++i) EXPECT_TRUE(use(i));
  EXPECT_EQ(limits.remembered(), CallerLimits::kCallersMax);
  EXPECT_EQ(heard_.callers, CallerLimits::kCallersMax);
  // One more is no more memory: those who are new share one allowance, the others keep theirs.
  EXPECT_TRUE(use(CallerLimits::kCallersMax));
  EXPECT_TRUE(use(CallerLimits::kCallersMax + 1));
  EXPECT_FALSE(use(CallerLimits::kCallersMax + 2));
  EXPECT_TRUE(use(0));
  EXPECT_FALSE(use(0));
  EXPECT_EQ(limits.remembered(), CallerLimits::kCallersMax);
  // Who was silent for a burst makes room; who was not is remembered.
  now_ += milliseconds(1001);
  EXPECT_TRUE(use(CallerLimits::kCallersMax + 2));
  EXPECT_EQ(limits.remembered(), 2u);
  EXPECT_EQ(heard_.callers, 2u);
  EXPECT_TRUE(use(0));
  EXPECT_FALSE(use(0));
}

// Looking takes nothing, of who is known or new.
TEST_F(CallerLimitsTest, APeekTellsWhatAChargeWould) {
  CallerLimits limits = Limits(1, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limits.Peek("a", Allowance::kOther).ok());
  EXPECT_EQ(limits.remembered(), 0u);
  EXPECT_TRUE(limits.Charge("a", Allowance::kOther).ok());
  const absl::Status refused = limits.Peek("a", Allowance::kOther);
  EXPECT_EQ(status::ReasonOf(refused), "CALLER_LIMITED");
  EXPECT_EQ(status::GetErrorInfo(refused)->retry_after, milliseconds(1000));
  EXPECT_TRUE(limits.Peek("a", Allowance::kAgentsWork).ok());
  now_ += seconds(1);
  EXPECT_TRUE(limits.Peek("a", Allowance::kOther).ok());
  for (size_t i = 1; i <= CallerLimits::kCallersMax + 1; ++i) {
    limits.Charge(absl::StrCat("caller ", i), Allowance::kOther).IgnoreError();
  }
  // There is no room: the newcomers' allowance is looked at, which the last one above took.
  EXPECT_FALSE(limits.Peek("new", Allowance::kOther).ok());
}

// A key may be of any length; what is remembered of it is not.
TEST_F(CallerLimitsTest, LongKeysAreOne) {
  CallerLimits limits = Limits(1, 1);
  const std::string key(CallerLimits::kKeyBytesMax, 'k');
  EXPECT_TRUE(limits.Charge(key, Allowance::kOther).ok());
  EXPECT_FALSE(limits.Charge(key + "x", Allowance::kOther).ok());
}

// The list of agents' work names calls that there are, and all that are last to be shed.
TEST(AllowanceTest, AgentsWorkIsKnown) {
  std::vector<std::string> work;
  for (const Access& access : AccessTable()) {
    if (AllowanceOf(access.rpc) != Allowance::kAgentsWork) continue;
    work.push_back(std::string(access.rpc.substr(access.rpc.rfind('/') + 1)));
  }
  EXPECT_THAT(work, testing::UnorderedElementsAre(
                        "CancelInquiry", "TransferInquiry", "RecordMessage", "ParkInquiry",
                        "ResumeInquiry", "CloseInquiry", "SetPresence", "AcceptOffer",
                        "DeclineOffer", "FinishWrapUp", "ExtendWrapUp", "ClaimInquiry"));
  EXPECT_EQ(AllowanceOf(v1::AcceptOfferRequest::descriptor()), Allowance::kAgentsWork);
  EXPECT_EQ(AllowanceOf(v1::SubmitInquiryRequest::descriptor()), Allowance::kOther);
  EXPECT_EQ(AllowanceOf(v1::Event::descriptor()), Allowance::kOther);
}

// ---- A server -----------------------------------------------------------------------------------

// Served anew with limits in virtual time, or with `clock` null in real time.
class LimitedServer : public AccessFixture {
 protected:
  void Limit(double rate, int64_t burst, bool real_time = false) {
    ServerOptions options = options_;
    options.caller_limits = {.rate = rate, .burst = burst, .now = nullptr, .observer = &heard_};
    if (!real_time) options.caller_limits.now = [this] { return clock_.load(); };
    server_->Stop(milliseconds(0));
    StartServer(options);
  }
  std::string Get() {
    return status::ReasonOf(Call("RoutingService.GetInquiry", "workspace: 'w' inquiry_id: 'waiting'"));
  }
  void BecomePlatform(const std::string& subject) {
    Become({{"role", "platform"}, {"workspaces", {"*"}}}, subject);
  }
  static std::string Message(int n) {
    return absl::StrCat(
        "commands { record_message { workspace: 'w' inquiry_id: 'assigned' message_id: 'c", n,
        "' author: AUTHOR_CUSTOMER } } ");
  }

  ~LimitedServer() override { server_.reset(); }
  std::atomic<nanoseconds> clock_{nanoseconds(seconds(1000))};
  HeardLimits heard_;
};

TEST_F(LimitedServer, UnaryCalls) {
  Limit(10, 3);
  BecomePlatform("a");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(), "");
  const absl::Status refused =
      Call("RoutingService.GetInquiry", "workspace: 'w' inquiry_id: 'waiting'");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(refused), "CALLER_LIMITED");
  EXPECT_EQ(status::GetErrorInfo(refused)->retry_after, milliseconds(100));
  // A new token of the same subject is the same caller; others are served, and health is.
  BecomePlatform("a");
  EXPECT_EQ(Get(), "CALLER_LIMITED");
  EXPECT_TRUE(Call("AgentService.SetPresence",
                   "workspace: 'w' agent_id: 'cat' presence: PRESENCE_AVAILABLE")
                  .ok());
  BecomePlatform("b");
  EXPECT_EQ(Get(), "");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Call("grpc.health.v1.Health.Check", "service: 'readiness'").ok());
  }
  BecomePlatform("a");
  clock_ = clock_.load() + milliseconds(100);
  EXPECT_EQ(Get(), "");
  EXPECT_EQ(Get(), "CALLER_LIMITED");
  EXPECT_EQ(heard_.other, 3);
}

// Each command counts, wherever messages begin; what is refused is refused alone and in its place.
TEST_F(LimitedServer, CommandsOneByOne) {
  Limit(10, 4);
  BecomePlatform("a");
  std::string batch;
  for (int i = 0; i < 6; ++i) batch += Message(i);
  batch += "commands { update_inquiry { workspace: 'w' inquiry { id: 'waiting' priority: 2 }"
           " update_mask { paths: 'priority' } } }";
  std::vector<std::string> reasons;
  const auto send = [&] {
    reasons.clear();
    std::vector<std::string> replies;
    EXPECT_TRUE(Call("RoutingService.Commands", batch, &replies).ok());
    for (const std::string& bytes : replies) {
      v1::CommandsResponse response;
      ASSERT_TRUE(response.ParseFromString(bytes));
      for (const v1::CommandResult& result : response.results()) {
        const absl::Status status = rpc::FromProto(result.error());
        reasons.push_back(status::ReasonOf(status));
        if (!status.ok()) {
          EXPECT_TRUE(status::GetErrorInfo(status)->retry_after.has_value());
        }
      }
    }
  };
  send();  // opening the stream takes one of the others
  EXPECT_THAT(reasons, ElementsAre("", "", "", "", "CALLER_LIMITED", "CALLER_LIMITED", ""));
  clock_ = clock_.load() + milliseconds(200);
  send();
  EXPECT_THAT(reasons, ElementsAre("", "", "CALLER_LIMITED", "CALLER_LIMITED", "CALLER_LIMITED",
                                   "CALLER_LIMITED", ""));
}

// Heartbeats of a stream are no calls, however many there are.
TEST_F(LimitedServer, HeartbeatsAreFree) {
  Limit(0.01, 1);
  BecomePlatform("a");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(30));
  context.AddMetadata("authorization", authorization_);
  const auto stream = v1::AgentService::NewStub(channel_)->WatchAgents(&context);
  stream->Write(Text<v1::WatchAgentsRequest>("open { workspace: 'w' session_id: 's1' }"));
  stream->Write(Text<v1::WatchAgentsRequest>("add { agents { agent_id: 'cat' } }"));
  for (int i = 0; i < 100; ++i) stream->Write(Text<v1::WatchAgentsRequest>("heartbeat {}"));
  stream->Write(Text<v1::WatchAgentsRequest>("goodbye {}"));
  stream->WritesDone();
  v1::WatchAgentsResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(heard_.other + heard_.agents_work, 0);
  EXPECT_EQ(Get(), "CALLER_LIMITED");  // the stream was the one
}

// In real time: one that never rests gets its rate, and who comes beside it waits for nothing.
TEST_F(LimitedServer, WhoExceedsSlowsNobody) {
  constexpr double kRate = 50;
  Limit(kRate, 5, /*real_time=*/true);
  BecomePlatform("greedy");
  const std::string greedy = authorization_;
  std::atomic<bool> stop{false};
  std::atomic<int> taken{0}, refused{0};
  std::thread flood([&] {
    const auto stub = v1::RoutingService::NewStub(channel_);
    while (!stop) {
      grpc::ClientContext context;
      context.AddMetadata("authorization", greedy);
      v1::GetInquiryResponse response;
      const auto request =
          Text<v1::GetInquiryRequest>("workspace: 'w' inquiry_id: 'waiting'");
      ++(stub->GetInquiry(&context, request, &response).ok() ? taken : refused);
    }
  });
  const auto start = std::chrono::steady_clock::now();
  int good = 0;
  while (std::chrono::steady_clock::now() - start < seconds(2)) {
    BecomePlatform(absl::StrCat("modest ", good));
    ASSERT_EQ(Get(), "");
    ++good;
  }
  stop = true;
  flood.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LE(taken, static_cast<int>(kRate * took.count()) + 8);
  EXPECT_GT(refused, 0);
  EXPECT_GT(good, 20);
  EXPECT_EQ(heard_.other, refused.load());
}

}  // namespace
}  // namespace firstline::api
