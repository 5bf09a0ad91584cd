// Tokens as a server takes them: claims, keys that are replaced, streams that outlive their token.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/api/access_fixture.h"

namespace firstline::api {
namespace {

using ::testing::HasSubstr;
using std::chrono::seconds;

class CallerTest : public AccessFixture {
 protected:
  std::string ReasonWith(const std::string& token) {
    authorization_ = "Bearer " + token;
    return status::ReasonOf(Call("ConfigService.ListWorkspaces", ""));
  }
};

std::string NoAddress() { return ""; }

TEST_F(CallerTest, ClaimsAreCompleteOrRefused) {
  EXPECT_EQ(ReasonWith(Token(kOperator)), "");
  const std::vector<json> wrong = {
      json::object(),
      "operator",
      {{"role", "operator"}},
      {{"role", "root"}, {"workspaces", {"*"}}},
      {{"role", "pod"}, {"workspaces", {"*"}}},
      {{"role", ""}, {"workspaces", {"*"}}},
      {{"role", {"operator"}}, {"workspaces", {"*"}}},
      {{"role", "operator"}, {"workspaces", "*"}},
      {{"role", "operator"}, {"workspaces", json::array()}},
      {{"role", "operator"}, {"workspaces", {"w", "*"}}},
      {{"role", "operator"}, {"workspaces", {""}}},
      {{"role", "operator"}, {"workspaces", {1}}},
      {{"role", "operator"}, {"workspaces", std::vector<std::string>(65, "w")}},
      {{"role", "agent"}, {"workspaces", {"*"}}, {"agent_id", ""}},
      {{"role", "agent"}, {"workspaces", {"*"}}, {"agent_id", 7}},
      {{"role", "agent"}, {"workspaces", {"*"}}, {"agent_id", std::string(129, 'a')}},
      {{"role", "vendor"}, {"workspaces", {"*"}}},
      {{"role", "operator"}, {"workspace", {"w"}}, {"workspaces", {"*"}}},
  };
  for (const json& claim : wrong) {
    EXPECT_EQ(ReasonWith(Token(claim)), "TOKEN_INVALID") << claim;
  }
}

TEST_F(CallerTest, TokensThatAreNotGoodAreRefused) {
  const test::PrivateKey other = test::NewEcKey();
  EXPECT_EQ(ReasonWith(Token(kOperator, "k1", other.get())), "TOKEN_INVALID");
  EXPECT_EQ(ReasonWith(Token(kOperator, "k2")), "TOKEN_INVALID");
  EXPECT_EQ(ReasonWith("x"), "TOKEN_INVALID");
  const std::string good = Token(kOperator);
  EXPECT_EQ(ReasonWith(good), "");
  now_ = now_.load() + kLife + seconds(29);
  EXPECT_EQ(ReasonWith(good), "");  // remembered, and within the leeway
  now_ = now_.load() + seconds(1);
  EXPECT_EQ(ReasonWith(good), "TOKEN_EXPIRED");
}

TEST_F(CallerTest, HealthAsksNobody) {
  authorization_.clear();
  EXPECT_TRUE(Call("grpc.health.v1.Health.Check", "service: 'readiness'").ok());
}

TEST_F(CallerTest, KeysAreReplaced) {
  const test::PrivateKey second = test::NewEcKey();
  const std::string old_token = Token(kOperator), new_token = Token(kOperator, "k2", second.get());
  EXPECT_EQ(ReasonWith(old_token), "");
  EXPECT_EQ(ReasonWith(new_token), "TOKEN_INVALID");
  const auto force = [&](const auto& write) {
    write();
    authenticator_->Look();
  };
  force([&] { WriteKeys({{"k1", key_.get()}, {"k2", second.get()}}); });
  EXPECT_EQ(ReasonWith(old_token), "");
  EXPECT_EQ(ReasonWith(new_token), "");
  // What cannot be used changes nothing.
  force([&] { test::WriteFile(keys_path(), "{}"); });
  EXPECT_EQ(ReasonWith(old_token), "");
  force([&] { WriteKeys({{"k2", second.get()}}); });
  EXPECT_EQ(ReasonWith(old_token), "TOKEN_INVALID");
  EXPECT_EQ(ReasonWith(new_token), "");
}

// A stream that is open ends when its token would no longer open it.
class StreamOfToken : public CallerTest {
 protected:
  void Open() {
    context_.set_deadline(std::chrono::system_clock::now() + seconds(30));
    context_.AddMetadata("authorization", "Bearer " + Token(kOperator));
    stream_ = v1::RoutingService::NewStub(channel_)->WatchEvents(
        &context_, Text<v1::WatchEventsRequest>("workspace: 'w' cursor: '0-0'"));
    v1::WatchEventsResponse response;
    ASSERT_TRUE(stream_->Read(&response));
  }
  std::string EndReason() {
    v1::WatchEventsResponse response;
    while (stream_->Read(&response)) {
    }
    return status::ReasonOf(rpc::FromGrpc(stream_->Finish()));
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchEventsResponse>> stream_;
};

TEST_F(StreamOfToken, EndsWithIt) {
  Open();
  now_ = now_.load() + kLife + jwt::kLeeway;
  EXPECT_EQ(EndReason(), "TOKEN_EXPIRED");
}

TEST_F(StreamOfToken, EndsWithItsKey) {
  Open();
  const test::PrivateKey second = test::NewEcKey();
  WriteKeys({{"k2", second.get()}});
  EXPECT_EQ(EndReason(), "TOKEN_INVALID");  // the authenticator looks by itself
}

// Every stream goes on with a token that the new keys know as well, whatever its turn, and none asks
// for a signature again at each tick.
TEST_F(StreamOfToken, GoesOnWhereTheKeyStays) {
  Open();
  const test::PrivateKey second = test::NewEcKey();
  WriteKeys({{"k1", key_.get()}, {"k2", second.get()}});
  authenticator_->Look();
  CallerRef caller = *authenticator_->Identify("Bearer " + Token(kOperator), NoAddress);
  const CallerRef before = caller;
  EXPECT_TRUE(authenticator_->StillGood(caller).ok());
  EXPECT_EQ(caller, before);
  WriteKeys({{"k2", second.get()}, {"k1", key_.get()}});
  ASSERT_TRUE(authenticator_->Look());
  while (caller == before) EXPECT_TRUE(authenticator_->StillGood(caller).ok());
  EXPECT_GT(caller->generation, before->generation);
  const CallerRef renewed = caller;
  EXPECT_TRUE(authenticator_->StillGood(caller).ok());
  EXPECT_EQ(caller, renewed);
  context_.TryCancel();
}

// Signatures after a change of keys are judged so many at a time; who has expired is not spared.
TEST_F(CallerTest, JudgingAgainIsSpread) {
  std::vector<CallerRef> callers;
  for (int i = 0; i < 3 * Authenticator::kJudgedPerSecond / 4; ++i) {
    auto identified = authenticator_->Identify(
        "Bearer " + Token(kOperator, "k1", nullptr, absl::StrCat("s", i)), NoAddress);
    ASSERT_TRUE(identified.ok());
    callers.push_back(*identified);
  }
  const test::PrivateKey second = test::NewEcKey();
  WriteKeys({{"k2", second.get()}});
  ASSERT_TRUE(authenticator_->Look());
  const auto ended = [&] {
    int count = 0;
    for (CallerRef& caller : callers) count += authenticator_->StillGood(caller).ok() ? 0 : 1;
    return count;
  };
  const auto start = std::chrono::steady_clock::now();
  const int at_once = ended();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(at_once, Authenticator::kJudgedPerSecond / 4);
  EXPECT_LE(at_once, Authenticator::kJudgedPerSecond / 4 + 1 +
                         static_cast<int>(Authenticator::kJudgedPerSecond * took.count()));
  now_ = now_.load() + kLife + jwt::kLeeway;
  EXPECT_EQ(ended(), static_cast<int>(callers.size()));
}

// Remembered are the last half of the bound at least, and those that come again; never more than it.
TEST_F(CallerTest, TokensRememberedAreBounded) {
  auto small = Authenticator::Open({.keys_path = keys_path(),
                                    .expected = {.issuer = "tests", .audience = "firstline"},
                                    .now = [this] { return jwt::Time(now_.load()); },
                                    .tokens_max = 20});
  ASSERT_TRUE(small.ok());
  std::vector<std::string> tokens;
  std::vector<CallerRef> callers;
  const auto identify = [&](size_t n) {
    return *(*small)->Identify("Bearer " + tokens[n], NoAddress);
  };
  for (size_t n = 0; n < 35; ++n) {
    tokens.push_back(Token(kOperator, "k1", nullptr, absl::StrCat("s", n)));
    callers.push_back(identify(n));
    EXPECT_EQ(identify(0), callers[0]) << n;  // it comes all the time
    EXPECT_EQ((*small)->remembered() <= 20, true) << n;
    if (n < 19) {
      EXPECT_EQ((*small)->remembered(), n + 1);
    }
  }
  for (size_t n = 26; n < 35; ++n) EXPECT_EQ(identify(n), callers[n]) << n;
  EXPECT_NE(identify(1), callers[1]);  // forgotten, and judged again
}

TEST_F(CallerTest, ATokenIsRemembered) {
  const std::string token = Token(kOperator);  // signatures of one text differ
  EXPECT_EQ(*authenticator_->Identify("Bearer " + token, NoAddress),
            *authenticator_->Identify("Bearer " + token, NoAddress));
}

// A token makes nobody a router: without a name for them anybody could forward.
TEST_F(CallerTest, RoutersNeedANameBesideTokens) {
  ServerOptions options = options_;
  options.peer.name.clear();
  options.address = "127.0.0.1:0";
  const auto started = Server::Start(options, backend_, backend_, observer_);
  EXPECT_EQ(started.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(started.status().message()), HasSubstr("anybody could forward"));
}

TEST(AuthenticatorTest, WrongFilesAreNamed) {
  const test::TempFolder folder;
  const auto open = [&](const std::string& path, const std::string& issuer) {
    return std::string(Authenticator::Open({.keys_path = path,
                                            .expected = {.issuer = issuer, .audience = "a"}})
                           .status()
                           .message());
  };
  EXPECT_THAT(open(folder.File("none"), "i"), HasSubstr("none: cannot be read"));
  test::WriteFile(folder.File("bad"), "hello");
  EXPECT_THAT(open(folder.File("bad"), "i"), HasSubstr("neither a JSON Web Key Set nor PEM"));
  EXPECT_THAT(open(folder.File("bad"), ""), HasSubstr("issuer"));
}

}  // namespace
}  // namespace firstline::api
