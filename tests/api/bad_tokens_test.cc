// What bad tokens cost, at most: at and beyond the bound, in virtual time and over a real socket.
#include "services/router/api/bad_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/client_address.h"
#include "tests/api/access_fixture.h"

namespace firstline::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class HeardTokens final : public BadTokenObserver {
 public:
  void OnBadToken(BadToken what) override {
    ++(what == BadToken::kJudged ? judged : what == BadToken::kRemembered ? remembered : limited);
  }
  std::atomic<int> judged{0}, remembered{0}, limited{0};
};

const absl::Status kWrong = absl::UnauthenticatedError("the token's signature is wrong");

class BadTokensTest : public testing::Test {
 protected:
  std::unique_ptr<BadTokens> Make(double rate) {
    return std::make_unique<BadTokens>(
        BadTokenOptions{.rate = rate, .now = [this] { return now_; }, .observer = &heard_});
  }
  // As the authenticator does with a token that is no good: what it is answered.
  static absl::Status Try(BadTokens& bad, const std::string& token, const std::string& address) {
    if (absl::Status known = bad.Check(token, address); !known.ok()) return known;
    bad.Refuse(token, address, kWrong);
    return kWrong;
  }

  nanoseconds now_{seconds(1000)};
  HeardTokens heard_;
};

TEST_F(BadTokensTest, ABurstIsJudgedAndThenTheRate) {
  const auto bad = Make(10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Try(*bad, absl::StrCat("t", i), "a"), kWrong) << i;
  const absl::Status refused = bad->Check("good", "a");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(refused), "TOO_MANY_BAD_TOKENS");
  EXPECT_EQ(status::GetErrorInfo(refused)->retry_after, milliseconds(100));
  EXPECT_TRUE(bad->Check("good", "b").ok()) << "of another address";
  now_ += milliseconds(99);
  EXPECT_FALSE(bad->Check("good", "a").ok());
  now_ += milliseconds(1);
  // Looking takes nothing: a good one may come any number of times.
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(bad->Check("good", "a").ok());
  EXPECT_EQ(Try(*bad, "t10", "a"), kWrong);
  EXPECT_FALSE(bad->Check("good", "a").ok());
  EXPECT_EQ(heard_.judged, 11);
  EXPECT_EQ(heard_.limited, 3);
  // Over a minute of asking all the time: the rate, exactly.
  for (int ms = 0; ms < 60'000; ++ms) {
    now_ += milliseconds(1);
    Try(*bad, absl::StrCat("m", ms), "a").IgnoreError();
  }
  EXPECT_EQ(heard_.judged, 11 + 600);
}

TEST_F(BadTokensTest, ARefusedTokenIsRefusedAgainForNothing) {
  const auto bad = Make(2);
  EXPECT_EQ(Try(*bad, "t", "a"), kWrong);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Try(*bad, "t", "a"), kWrong);
  EXPECT_EQ(heard_.judged, 1);
  EXPECT_EQ(heard_.remembered, 1000);
  EXPECT_TRUE(bad->Check("good", "a").ok()) << "it took nothing from its neighbours";
  EXPECT_EQ(Try(*bad, "t2", "a"), kWrong);
  // Refused as it was, also where nothing is judged any more.
  EXPECT_EQ(Try(*bad, "t", "a"), kWrong);
  EXPECT_EQ(status::ReasonOf(Try(*bad, "t3", "a")), "TOO_MANY_BAD_TOKENS");
}

// Whenever it comes, for half the time at least and never for longer.
TEST_F(BadTokensTest, RefusalsAreForgottenInTime) {
  for (const milliseconds first : {milliseconds(0), milliseconds(2500), milliseconds(4999)}) {
    for (const milliseconds step : {milliseconds(1), milliseconds(700), milliseconds(4000)}) {
      const auto bad = Make(100);
      EXPECT_EQ(bad->remembered(), 0u);
      now_ += first;
      EXPECT_EQ(Try(*bad, "t", "a"), kWrong);
      milliseconds age{0};
      for (; !bad->Check("t", "a").ok(); now_ += step) age += step;
      EXPECT_GE(age, BadTokens::kRememberedFor / 2) << first.count() << " " << step.count();
      EXPECT_LE(age, BadTokens::kRememberedFor + step) << first.count() << " " << step.count();
    }
  }
}

TEST_F(BadTokensTest, NewKeysForgiveTokensAndNotAddresses) {
  const auto bad = Make(1);
  EXPECT_EQ(Try(*bad, "t", "a"), kWrong);
  bad->ForgetTokens();
  EXPECT_EQ(status::ReasonOf(bad->Check("t", "a")), "TOO_MANY_BAD_TOKENS");
  EXPECT_TRUE(bad->Check("t", "b").ok());
}

TEST_F(BadTokensTest, WhatIsRememberedIsBounded) {
  const auto bad = Make(0);  // no limit
  for (size_t i = 0; i < 3 * BadTokens::kRememberedMax; ++i) {
    EXPECT_EQ(Try(*bad, absl::StrCat("t", i), absl::StrCat("a", i)), kWrong);
    ASSERT_LE(bad->remembered(), BadTokens::kRememberedMax);
  }
  EXPECT_GE(bad->remembered(), BadTokens::kRememberedMax / 2);
  EXPECT_EQ(heard_.judged, 3 * static_cast<int>(BadTokens::kRememberedMax));
  EXPECT_EQ(heard_.limited, 0);
}

TEST(ClientAddressTest, IsWhatAClientCannotChooseAnew) {
  EXPECT_EQ(ClientAddress("ipv4:10.0.0.7:40312"), "ipv4:10.0.0.7");
  for (const char* peer : {"ipv6:[2001:db8:0:7::1]:1", "ipv6:[2001:db8:0:7:ffff:1:2:3]:65535",
                           "ipv6:%5B2001:db8:0:7::9%5D:40312", "ipv6:[2001:db8:0:7::1%eth0]:1",
                           "ipv6:%5B2001:db8:0:7::1%25eth0%5D:1"}) {
    EXPECT_EQ(ClientAddress(peer), "ipv6:2001:db8:0:7::/64") << peer;
  }
  EXPECT_EQ(ClientAddress("ipv6:[2001:db8:0:8::1]:1"), "ipv6:2001:db8:0:8::/64");
  EXPECT_EQ(ClientAddress("ipv6:[::1]:1"), "ipv6:::/64");
  EXPECT_EQ(ClientAddress("ipv6:[::ffff:10.0.0.7]:1"), "ipv6:[::ffff:10.0.0.7]");
  EXPECT_EQ(ClientAddress("ipv6:[nonsense]:1"), "ipv6:[nonsense]");
  EXPECT_EQ(ClientAddress("unix:/run/x"), "unix");
  EXPECT_EQ(ClientAddress(""), "");
}

// ---- A server -----------------------------------------------------------------------------------

class BadTokensServer : public AccessFixture {
 protected:
  static constexpr int kRate = 5;

  BadTokensServer() {
    auto opened =
        Authenticator::Open({.keys_path = keys_path(),
                             .expected = {.issuer = "tests", .audience = "firstline"},
                             .now = [this] { return jwt::Time(now_.load()); },
                             .bad_tokens = {.rate = kRate,
                                            .now = [this] { return clock_.load(); },
                                            .observer = &heard_}});
    EXPECT_TRUE(opened.ok()) << opened.status();
    authenticator_ = options_.authenticator = *std::move(opened);
    server_->Stop(milliseconds(0));
    StartServer(options_);
  }
  ~BadTokensServer() override { server_.reset(); }

  std::string Forged(int n) const {
    return Token({{"role", "operator"}, {"workspaces", {"*"}}}, "k1", other_.get(),
                 absl::StrCat("forged ", n));
  }
  std::string Good(const std::string& subject) const {
    return Token({{"role", "operator"}, {"workspaces", {"*"}}}, "k1", nullptr, subject);
  }
  absl::Status With(const std::string& token) {
    authorization_ = "Bearer " + token;
    return Call("ConfigService.ListWorkspaces", "");
  }

  const test::PrivateKey other_ = test::NewEcKey();
  std::atomic<nanoseconds> clock_{nanoseconds(seconds(1000))};
  HeardTokens heard_;
};

TEST_F(BadTokensServer, SignaturesOfAnAddressAreBoundedAndKnownCallersGoOn) {
  const std::string known = Good("known");
  EXPECT_TRUE(With(known).ok());
  const std::string first = Forged(0);
  EXPECT_EQ(status::ReasonOf(With(first)), "TOKEN_INVALID");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(status::ReasonOf(With(first)), "TOKEN_INVALID");
  EXPECT_EQ(heard_.judged, 1);
  EXPECT_EQ(heard_.remembered, 50);
  for (int i = 1; i < kRate; ++i) EXPECT_EQ(status::ReasonOf(With(Forged(i))), "TOKEN_INVALID");

  const std::string fresh = Good("fresh"), beyond = Forged(kRate);
  testing::internal::CaptureStderr();
  const absl::Status limited = With(fresh);
  EXPECT_EQ(status::ReasonOf(With(beyond)), "TOO_MANY_BAD_TOKENS");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(limited.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(limited), "TOO_MANY_BAD_TOKENS");
  EXPECT_EQ(status::GetErrorInfo(limited)->retry_after, milliseconds(1000 / kRate));
  EXPECT_THAT(log, HasSubstr("\"msg\":\"too many bad tokens\""));
  EXPECT_THAT(log, HasSubstr("127.0.0.1"));
  EXPECT_EQ(log.find("too many"), log.rfind("too many")) << "a line a second";
  for (const std::string& token : {fresh, beyond}) {
    EXPECT_THAT(log, Not(HasSubstr(token.substr(token.rfind('.')))));
  }
  EXPECT_EQ(heard_.judged, kRate);
  EXPECT_EQ(heard_.limited, 2);
  EXPECT_TRUE(With(known).ok());
  EXPECT_EQ(status::ReasonOf(With(first)), "TOKEN_INVALID");

  clock_ = clock_.load() + milliseconds(1000 / kRate);
  EXPECT_TRUE(With(fresh).ok());
  EXPECT_EQ(status::ReasonOf(With(beyond)), "TOKEN_INVALID");
  EXPECT_TRUE(With(fresh).ok()) << "it is remembered now";
}

// What the new keys know is judged again at once.
TEST_F(BadTokensServer, KeysThatComeLaterAreNotHeldAgainstTheirTokens) {
  const std::string early = Forged(0);
  EXPECT_EQ(status::ReasonOf(With(early)), "TOKEN_INVALID");
  WriteKeys({{"k1", other_.get()}});
  ASSERT_TRUE(authenticator_->Look());
  EXPECT_TRUE(With(early).ok());
}

TEST_F(BadTokensServer, CallsWithoutATokenCostNothing) {
  authorization_.clear();
  for (int i = 0; i < 3 * kRate; ++i) {
    EXPECT_EQ(status::ReasonOf(Call("ConfigService.ListWorkspaces", "")), "TOKEN_MISSING");
  }
  EXPECT_TRUE(With(Good("fresh")).ok());
  EXPECT_EQ(heard_.judged, 0);
}

}  // namespace
}  // namespace firstline::api
