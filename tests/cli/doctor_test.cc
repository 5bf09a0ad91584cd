// firstline doctor: what it thinks of each thing that can be wrong, and what it says about real
// routers and a real Redis, whole and broken.
#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "services/cli/doctor/diagnosis.h"
#include "tests/cli/live_router.h"
#include "tests/common/redis_server.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;
using test::Said;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kNow{1'700'000'000};

v1::GetStatusResponse Healthy() {
  v1::GetStatusResponse status;
  status.set_version("1.0");
  *status.mutable_time() = TimeUtil::SecondsToTimestamp(kNow.count());
  status.set_ready(true);
  status.set_complete(true);
  status.set_workspace_count(1);
  v1::StoreStatus& store = *status.mutable_store();
  store.set_kind("redis");
  store.set_address("redis:6379");
  store.set_version("7.0.15");
  store.set_role("master");
  store.set_maxmemory_policy("noeviction");
  store.set_maxmemory_bytes(1'000'000);
  store.set_used_memory_bytes(100'000);
  store.set_append_only(true);
  store.set_append_ok(true);
  store.set_snapshot_ok(true);
  store.set_replicas(1);
  store.set_good_replicas(1);
  v1::WorkspaceStatus& shop = *status.add_workspaces();
  shop.set_workspace("shop");
  shop.set_phase(v1::WORKSPACE_PHASE_ACTIVE);
  shop.set_owner("r:1");
  shop.mutable_lease_left()->set_seconds(9);
  return status;
}

Findings Judge(const v1::GetStatusResponse& status) {
  Findings findings;
  JudgeRouter("r:1", status, {.version = "1.0", .asked = kNow, .answered = kNow}, findings);
  return findings;
}

TEST(DiagnosisTest, NothingIsWrongWithAHealthyRouter) {
  const Findings findings = Judge(Healthy());
  EXPECT_GE(findings.Count(Severity::kFine), 8u);
  for (const Finding& one : findings.all()) {
    EXPECT_EQ(one.severity, Severity::kFine) << one.subject << ": " << one.text;
    EXPECT_EQ(one.hint, "");
  }
}

struct Ailment {
  std::function<void(v1::GetStatusResponse&)> afflict;
  Severity severity;
  std::string text;
};

std::vector<Ailment> Ailments() {
  using S = v1::GetStatusResponse;
  constexpr Severity kWarning = Severity::kWarning, kProblem = Severity::kProblem;
  const auto incident = [](S& s, int64_t age_s) {
    v1::Incident& one = *s.add_incidents();
    one.set_workspace("shop");
    one.set_kind("in_doubt");
    one.set_count(3);
    *one.mutable_time() = TimeUtil::SecondsToTimestamp(kNow.count() - age_s);
  };
  return {
      {[](S& s) { s.set_version("0.9"); }, kWarning, "version 0.9"},
      {[](S& s) { s.set_ready(false); }, kProblem, "not ready"},
      {[](S& s) { *s.mutable_time() = TimeUtil::SecondsToTimestamp(kNow.count() + 5); }, kWarning,
       "5.0 s ahead of"},
      {[](S& s) { *s.mutable_time() = TimeUtil::SecondsToTimestamp(kNow.count() - 5); }, kWarning,
       "5.0 s behind"},
      {[](S& s) { s.mutable_store()->set_kind("memory"); }, kWarning, "kept in memory"},
      {[](S& s) { s.mutable_store()->set_error("refused"); }, kProblem,
       "cannot ask redis:6379: refused"},
      {[](S& s) { s.mutable_store()->set_loading(true); }, kProblem, "still reads"},
      {[](S& s) { s.mutable_store()->set_maxmemory_policy("allkeys-lru"); }, kProblem,
       "maxmemory-policy is allkeys-lru"},
      {[](S& s) { s.mutable_store()->set_evicted_keys(3); }, kProblem, "deleted 3 keys"},
      {[](S& s) { s.mutable_store()->set_maxmemory_bytes(0); }, kWarning, "maxmemory is not set"},
      {[](S& s) { s.mutable_store()->set_used_memory_bytes(850'000); }, kWarning, "85 %"},
      {[](S& s) { s.mutable_store()->set_used_memory_bytes(960'000); }, kProblem, "96 %"},
      {[](S& s) { s.mutable_store()->set_append_only(false); }, kWarning, "appendonly is off"},
      {[](S& s) { s.mutable_store()->set_append_ok(false); }, kProblem, "append-only file"},
      {[](S& s) { s.mutable_store()->set_snapshot_ok(false); }, kProblem, "last snapshot failed"},
      {[](S& s) { s.mutable_store()->set_role("slave"); }, kProblem, "a replica"},
      {[](S& s) { s.mutable_store()->set_good_replicas(0); }, kProblem, "min-replicas-to-write"},
      {[](S& s) { s.mutable_store()->clear_good_replicas(); }, kWarning, "confirms writes"},
      {[](S& s) { s.mutable_store()->mutable_round_trip()->set_nanos(20'000'000); }, kWarning,
       "20.0 ms"},
      {[](S& s) { s.mutable_store()->mutable_clock_ahead()->set_seconds(-3); }, kWarning,
       "differs by 3.0 s"},
      {[](S& s) { s.set_complete(false); }, kProblem, "does not answer"},
      {[](S& s) {
         s.mutable_workspaces(0)->set_phase(v1::WORKSPACE_PHASE_OBSERVING);
         s.mutable_workspaces(0)->clear_owner();
       },
       kProblem, "no router owns it"},
      {[](S& s) { s.mutable_workspaces(0)->set_phase(v1::WORKSPACE_PHASE_LOADING); }, kWarning,
       "taken over or restored"},
      {[](S& s) { s.mutable_workspaces(0)->mutable_lease_left()->set_seconds(-1); }, kProblem,
       "not renewed its lease"},
      {[incident](S& s) { incident(s, 60); }, kWarning, "in_doubt (shop) 3 times"},
  };
}

TEST(DiagnosisTest, EachAilmentIsFoundAloneWithAHint) {
  for (const Ailment& ailment : Ailments()) {
    v1::GetStatusResponse status = Healthy();
    ailment.afflict(status);
    const Findings findings = Judge(status);
    int found = 0;
    for (const Finding& one : findings.all()) {
      if (one.severity == Severity::kFine) continue;
      ++found;
      EXPECT_EQ(one.severity, ailment.severity) << one.text;
      EXPECT_THAT(one.text, HasSubstr(ailment.text));
      EXPECT_NE(one.hint, "");
    }
    EXPECT_EQ(found, 1) << ailment.text;
  }
}

TEST(DiagnosisTest, OldIncidentsAndOthersWorkspacesAreNobodysAilment) {
  v1::GetStatusResponse status = Healthy();
  v1::Incident& old = *status.add_incidents();
  old.set_kind("lapsed");
  *old.mutable_time() = TimeUtil::SecondsToTimestamp(kNow.count() - 3600);
  v1::WorkspaceStatus& other = *status.add_workspaces();
  other.set_workspace("bank");
  other.set_phase(v1::WORKSPACE_PHASE_OBSERVING);
  other.set_owner("r:2");
  const Findings findings = Judge(status);
  EXPECT_EQ(findings.Count(Severity::kFine), findings.all().size());
}

TEST(DiagnosisTest, AnOlderRouterIsNotASilentOne) {
  Findings findings;
  JudgeSilence("r:1", {.code = grpc::StatusCode::UNIMPLEMENTED}, findings);
  JudgeSilence("r:1", {.code = grpc::StatusCode::UNAVAILABLE, .message = "refused"}, findings);
  EXPECT_EQ(findings.Count(Severity::kWarning), 1u);
  EXPECT_EQ(findings.Count(Severity::kProblem), 1u);
}

// ---- Real ones ----------------------------------------------------------------------------------

class DoctorTest : public test::LiveRouterTest {
 protected:
  std::string Store() const override { return "unix:" + redis_.address().unix_path; }
  void Tell(std::initializer_list<std::string_view> command) {
    const auto said = redis_.Connect()->Call(command);
    ASSERT_TRUE(said.ok()) << said.status();
  }

  test::RedisServer redis_{{.append_only = true, .max_memory_bytes = 256 << 20}};
};

TEST_F(DoctorTest, FindsNothingWrongWithAWholeSystem) {
  const Said said = Do({"doctor"});
  EXPECT_EQ(said.exit, ExitCode::kOk) << said.out;
  EXPECT_THAT(said.err, HasSubstr("0 problems"));
  EXPECT_THAT(said.out, AllOf(HasSubstr("version"), HasSubstr("it is ready"),
                              HasSubstr("noeviction"), HasSubstr("owns 1 of 1 workspaces"),
                              HasSubstr("no incident"), Not(HasSubstr("problem"))));
}

TEST_F(DoctorTest, FindsSettingsThatLoseState) {
  Tell({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  Tell({"CONFIG", "SET", "appendonly", "no"});
  Tell({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const Said said = Do({"doctor"});
  EXPECT_EQ(said.exit, ExitCode::kViolations);
  EXPECT_THAT(said.out, AllOf(HasSubstr("maxmemory-policy is allkeys-lru"),
                              HasSubstr("appendonly is off"), HasSubstr("no replica is fresh"),
                              HasSubstr("hint: CONFIG SET maxmemory-policy noeviction")));
}

TEST_F(DoctorTest, SaysWhichOfTheTwoIsDown) {
  redis_.Kill();
  const Said redis_down = Do({"--timeout", "5", "doctor"});
  EXPECT_EQ(redis_down.exit, ExitCode::kViolations);
  EXPECT_THAT(redis_down.out, HasSubstr("redis: the router cannot ask unix:"));
  router_->Stop();
  router_.reset();
  const Said router_down = Do({"--timeout", "2", "doctor"});
  EXPECT_EQ(router_down.exit, ExitCode::kUnavailable);
  EXPECT_THAT(router_down.out, AllOf(HasSubstr("no answer"), HasSubstr("hint: is it running")));
}

TEST_F(DoctorTest, AsksEachRouterNamed) {
  const Said said =
      Plain({"--server", address() + ",127.0.0.1:1", "--timeout", "2", "doctor", "-o", "json"});
  EXPECT_EQ(said.exit, ExitCode::kViolations);
  const auto findings = nlohmann::json::parse(said.out);
  int answered = 0, silent = 0;
  for (const auto& one : findings) {
    answered += one["subject"] == "router " + address() ? 1 : 0;
    if (one["subject"] != "router 127.0.0.1:1") continue;
    ++silent;
    EXPECT_EQ(one["severity"], "problem");
  }
  EXPECT_GE(answered, 4);
  EXPECT_EQ(silent, 1);
}

TEST_F(DoctorTest, RepeatsWarningsOfTheConfiguration) {
  std::string shop = test::kShop;
  shop.insert(shop.find("agents:"),
              "  - {id: lonely, requirement: {skills: [{skill: juggling}]}}\n");
  ASSERT_EQ(Do({"config", "apply", File("lonely.yaml", shop)}).exit, ExitCode::kOk);
  const Said said = Do({"doctor"});
  EXPECT_EQ(said.exit, ExitCode::kOk);
  EXPECT_THAT(said.out, AllOf(HasSubstr("warning  workspace shop"), HasSubstr("lonely")));
  EXPECT_EQ(Do({"-w", "nowhere", "doctor"}).exit, ExitCode::kViolations);
}

}  // namespace
}  // namespace firstline::cli
