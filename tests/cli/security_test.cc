// The command line before a router that speaks TLS: flags, environment and contexts, and what it
// says when something is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/app.h"
#include "services/cli/settings.h"
#include "services/router/app.h"
#include "tests/support/secure_files.h"

namespace firstline::cli {
namespace {

using ::testing::HasSubstr;

struct Said {
  ExitCode exit;
  std::string out, err;
};

class SecurityTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const SecurityWord& word : kSecurityWords) unsetenv(EnvironmentOf(word.word).c_str());
    setenv("FIRSTLINE_CONFIG", files_.Path("config.yaml").c_str(), 1);
    router::AppOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.tls.files = {files_.Path("pod.pem"), files_.Path("pod.key"), files_.Path("ca.pem")};
    auto app = router::App::Start(options);
    ASSERT_TRUE(app.ok()) << app.status();
    app_ = *std::move(app);
    test::WriteFile(files_.Path("shop.yaml"), "id: shop\nqueues: [{id: sales}]\n");
    std::vector<std::string> apply = Flags();
    apply.insert(apply.end(), {"config", "apply", files_.Path("shop.yaml")});
    ASSERT_EQ(Do(apply).exit, ExitCode::kOk);
  }
  void TearDown() override { unsetenv("FIRSTLINE_CONFIG"); }

  std::string address() const { return absl::StrCat("127.0.0.1:", app_->grpc_port()); }
  std::vector<std::string> Flags() const {
    return {"-s", address(), "--tls-ca", files_.Path("ca.pem"), "--tls-cert",
            files_.Path("client.pem"), "--tls-key", files_.Path("client.key"),
            "--tls-server-name", test::kPodName};
  }
  static Said Do(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    const ExitCode exit = cli::Run(words, out, err);
    return {exit, out.str(), err.str()};
  }

  test::SecureFiles files_;
  std::unique_ptr<router::App> app_;
};

TEST_F(SecurityTest, FlagsEnvironmentAndContextsAreOneThing) {
  std::vector<std::string> words = Flags();
  words.insert(words.end(), {"queue", "list"});
  EXPECT_THAT(Do(words).out, HasSubstr("sales"));

  setenv("FIRSTLINE_TLS_CA", files_.Path("ca.pem").c_str(), 1);
  setenv("FIRSTLINE_TLS_CERT", files_.Path("client.pem").c_str(), 1);
  setenv("FIRSTLINE_TLS_KEY", files_.Path("client.key").c_str(), 1);
  setenv("FIRSTLINE_TLS_SERVER_NAME", test::kPodName, 1);
  EXPECT_THAT(Do({"-s", address(), "queue", "list"}).out, HasSubstr("sales"));
  for (const SecurityWord& word : kSecurityWords) unsetenv(EnvironmentOf(word.word).c_str());

  std::vector<std::string> set = {"context", "set", "safe"};
  const std::vector<std::string> flags = Flags();
  set.insert(set.end(), flags.begin(), flags.end());
  ASSERT_EQ(Do(set).exit, ExitCode::kOk);
  EXPECT_THAT(Do({"queue", "list"}).out, HasSubstr("sales"));
  EXPECT_THAT(Do({"context", "list", "-o", "json"}).out, HasSubstr("\"tls-server-name\""));
}

TEST_F(SecurityTest, LoadSpeaksTlsToo) {
  for (const char* calls : {"stream", "unary"}) {
    std::vector<std::string> words = Flags();
    words.insert(words.end(), {"load", "--replace", "--duration", "300ms", "--warm-up", "0s", "--rate", "50",
                               "--calls", calls, "-w", absl::StrCat("load-", calls)});
    const Said said = Do(words);
    EXPECT_EQ(said.exit, ExitCode::kOk) << said.err;
  }
}

TEST_F(SecurityTest, SaysWhatIsMissing) {
  const Said plaintext = Do({"-s", address(), "--timeout", "0.3", "queue", "list"});
  EXPECT_EQ(plaintext.exit, ExitCode::kUnavailable);

  const Said token = Do({"-s", address(), "--token-file", files_.Path("token"), "queue", "list"});
  EXPECT_EQ(token.exit, ExitCode::kUsage);
  EXPECT_THAT(token.err, HasSubstr("no token is sent in plaintext"));

  std::vector<std::string> words = Flags();
  words.insert(words.end(), {"--token-file", files_.Path("token"), "queue", "list"});
  EXPECT_THAT(Do(words).err, HasSubstr("no token in "));

  const Said ca = Do({"-s", address(), "--tls-ca", files_.Path("none.pem"), "queue", "list"});
  EXPECT_EQ(ca.exit, ExitCode::kInvalid);
  EXPECT_THAT(ca.err, HasSubstr("none.pem: cannot be read"));
}

}  // namespace
}  // namespace firstline::cli
