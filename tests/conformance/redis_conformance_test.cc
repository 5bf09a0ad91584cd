// The Redis store under the conformance suite, against a real redis-server.
#include <map>

#include "absl/strings/str_cat.h"
#include "services/router/store/redis_event_log.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "tests/common/redis_server.h"
#include "tests/conformance/store_conformance.h"

namespace firstline::store {
namespace {

// All benches share a server and empty it: starting one costs more than most tests.
test::RedisServer& SharedServer() {
  static test::RedisServer server({.tcp = true});
  return server;
}

// Of the shared server, for those who wait for it.
void EnsureReplica() {
  static test::RedisServer replica(
      {.extra_arguments = {"--replicaof", "127.0.0.1",
                           std::to_string(SharedServer().tcp_address().port)}});
}

class RedisBench final : public Bench {
 public:
  explicit RedisBench(int wait_replicas = 0)
      : wait_replicas_(wait_replicas), admin_(SharedServer().Connect()) {
    if (wait_replicas > 0) EnsureReplica();
    Must({"FLUSHALL"});
  }

  std::unique_ptr<Store> NewStore() override {
    RedisStoreOptions options;
    options.servers.target = SharedServer().address();
    options.servers.command_timeout = std::chrono::seconds(30);
    options.wait_replicas = wait_replicas_;
    return std::make_unique<RedisStore>(options);
  }
  std::unique_ptr<EventLog> NewEventLog() override {
    return std::make_unique<RedisEventLog>(
        redis::ServersOptions{.target = SharedServer().address()});
  }

  void Save(const std::string& name) override {
    auto& dumps = saved_[name];
    for (const std::string& key : Keys("*")) {
      dumps[key] = std::string(Must({"DUMP", key}).AsString().value());
    }
  }
  void RollBack(const std::string& name, const WorkspaceId& workspace) override {
    for (const std::string& key : Keys(absl::StrCat("fl:{", workspace, "}:*"))) Must({"DEL", key});
    for (const auto& [key, dump] : saved_.at(name)) {
      if (key.starts_with(absl::StrCat("fl:{", workspace, "}:"))) Must({"RESTORE", key, "0", dump});
    }
  }
  void RollBackOwnership(const std::string& name, const WorkspaceId& workspace) override {
    const std::string key = OwnershipKey(workspace);
    Must({"RESTORE", key, "0", saved_.at(name).at(key), "REPLACE"});
  }
  void RemoveOwnership(const WorkspaceId& workspace) override {
    Must({"DEL", OwnershipKey(workspace)});
  }
  // A commit trims a sixteenth of what is too much, in entries.
  size_t trim_slack() const override { return 100; }

 private:
  redis::Reply Must(std::initializer_list<std::string_view> command) {
    auto reply = admin_->Call(command);
    if (!reply.ok()) throw std::runtime_error(std::string(reply.status().message()));
    return *std::move(reply);
  }
  std::vector<std::string> Keys(const std::string& pattern) {
    const redis::Reply reply = Must({"KEYS", pattern});
    const auto keys = reply.AsStrings().value();
    return {keys.begin(), keys.end()};
  }

  const int wait_replicas_;
  std::unique_ptr<redis::Connection> admin_;
  std::map<std::string, std::map<std::string, std::string>> saved_;
};

INSTANTIATE_TEST_SUITE_P(Redis, StoreConformance,
                         testing::Values(BenchKind{"Redis",
                                                   [] { return std::make_unique<RedisBench>(); }},
                                         BenchKind{"RedisThatWaits",
                                                   [] { return std::make_unique<RedisBench>(1); }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace firstline::store
