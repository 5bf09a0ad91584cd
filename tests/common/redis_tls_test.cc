// TLS with a real redis-server, where this build has it; the refusal where it has not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "common/redis/connection.h"
#include "common/redis/error.h"
#include "common/redis/servers.h"
#include "tests/common/redis_server.h"

namespace firstline::redis {
namespace {

using testing::HasSubstr;

TEST(RedisTlsTest, WithoutTlsAnAddressThatWantsItIsRefused) {
  const absl::Status status =
      Connection::Open({.address = *Address::Parse("rediss://127.0.0.1:1")}).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kOther);
  EXPECT_THAT(std::string(status.message()), HasSubstr("TLS"));
}

TEST(RedisTlsTest, ABuildThatHasNoneSaysSo) {
  if (Tls::Supported()) GTEST_SKIP() << "this build has it";
  const absl::Status status = Tls::Load({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("hiredis_ssl"));
}

class RedisTlsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Tls::Supported()) GTEST_SKIP() << "this build's hiredis has no TLS";
    // An authority, a server at 127.0.0.1 and localhost, a client; and somebody else's authority.
    Must("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt");
    Must("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout x.key -out other.crt");
    Must("echo subjectAltName=IP:127.0.0.1,DNS:localhost >names");
    for (const std::string who : {"server", "client"}) {
      Must("openssl req -newkey rsa:2048 -nodes -subj /CN=" + who + " -keyout " + who +
           ".key -out " + who + ".csr");
      Must("openssl x509 -req -days 2 -in " + who + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial" +
           " -extfile names -out " + who + ".crt");
    }
    server_ = std::make_unique<test::RedisServer>(
        test::RedisServerOptions{.tcp = true,
                                 .tls_folder = folder_.string(),
                                 .extra_arguments = {"--bind", "127.0.0.1", "127.0.0.2"}});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Must(const std::string& command) {
    const std::string line = "cd " + folder_.string() + " && " + command + " 2>>log";
    ASSERT_EQ(std::system(line.c_str()), 0) << command;
  }
  TlsOptions Files(const std::string& ca = "ca.crt") const {
    return {.ca_file = (folder_ / ca).string(),
            .certificate_file = (folder_ / "client.crt").string(),
            .key_file = (folder_ / "client.key").string()};
  }
  absl::Status Ping(const TlsOptions& files, const std::string& host = "127.0.0.1") {
    auto tls = Tls::Load(files);
    if (!tls.ok()) return tls.status();
    Address address = server_->tcp_address();
    address.host = host;
    auto connection = Connection::Open({.address = address, .tls = *tls});
    return connection.ok() ? (*connection)->Ping() : connection.status();
  }

  const std::filesystem::path folder_ = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "fl-tls-XXXXXX").string();
    return std::string(mkdtemp(pattern.data()));
  }();
  std::unique_ptr<test::RedisServer> server_;
};

TEST_F(RedisTlsServerTest, SpeaksToWhoeverTheAuthoritySigned) {
  EXPECT_TRUE(Ping(Files()).ok()) << Ping(Files());
  EXPECT_TRUE(Ping(Files(), "localhost").ok());
  // More than a record, both ways.
  Servers servers({.target = server_->tcp_address(), .tls = *Tls::Load(Files())});
  const auto connection = servers.For("k");
  ASSERT_TRUE(connection.ok()) << connection.status();
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE((*connection)->Call({"SET", "k", large}).ok());
  EXPECT_EQ((*connection)->Call({"GET", "k"})->AsString().value(), large);
}

TEST_F(RedisTlsServerTest, SpeaksToNobodyElse) {
  EXPECT_THAT(std::string(Ping(Files("other.crt")).message()), HasSubstr("certificate"));
  EXPECT_THAT(std::string(Ping(Files(), "127.0.0.2").message()), HasSubstr("IP address mismatch"));
  TlsOptions nothing_to_show = Files();
  nothing_to_show.certificate_file.clear();
  nothing_to_show.key_file.clear();
  EXPECT_EQ(KindOf(Ping(nothing_to_show)), ErrorKind::kDisconnected);
  // In clear to a port that speaks TLS.
  auto connection = Connection::Open({.address = server_->tcp_address()});
  EXPECT_FALSE(connection.ok() && (*connection)->Ping().ok());
}

TEST_F(RedisTlsServerTest, FilesThatDoNotServeAreToldAtOnce) {
  TlsOptions files = Files("missing.crt");
  EXPECT_EQ(Ping(files).code(), absl::StatusCode::kInvalidArgument);
  files = Files();
  files.key_file = (folder_ / "server.key").string();
  EXPECT_EQ(Ping(files).code(), absl::StatusCode::kInvalidArgument) << "of another certificate";
  files.key_file.clear();
  EXPECT_EQ(Ping(files).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace firstline::redis
