// The Redis store under the conformance suite, against a real redis-server, one with a replica that
// is waited for, and a cluster.
#include <map>

#include "absl/strings/str_cat.h"
#include "services/router/store/redis_event_log.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "tests/common/cluster_group.h"
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

// Six nodes; what is said of one server holds for the one that has the key.
redis::Target ClusterTarget() {
  static test::ClusterGroup cluster;
  return *redis::Target::Parse(cluster.target());
}

class RedisBench final : public Bench {
 public:
  explicit RedisBench(redis::Target target, int wait_replicas = 0)
      : wait_replicas_(wait_replicas),
        servers_{.target = std::move(target), .command_timeout = std::chrono::seconds(30)},
        admin_(servers_) {
    if (wait_replicas > 0) EnsureReplica();
    for (redis::Connection* server : Value(admin_.All())) Value(server->Call({"FLUSHALL"}));
  }

  std::unique_ptr<Store> NewStore() override {
    return std::make_unique<RedisStore>(
        RedisStoreOptions{.servers = servers_, .wait_replicas = wait_replicas_});
  }
  std::unique_ptr<EventLog> NewEventLog() override {
    return std::make_unique<RedisEventLog>(servers_);
  }

  void Save(const std::string& name) override {
    auto& dumps = saved_[name];
    for (const std::string& key : Keys("*")) {
      dumps[key] = std::string(Must(key, {"DUMP", key}).AsString().value());
    }
  }
  void RollBack(const std::string& name, const WorkspaceId& workspace) override {
    const std::string prefix = absl::StrCat("fl:{", workspace, "}:");
    for (const std::string& key : Keys(prefix + "*")) Must(key, {"DEL", key});
    for (const auto& [key, dump] : saved_.at(name)) {
      if (key.starts_with(prefix)) Must(key, {"RESTORE", key, "0", dump});
    }
  }
  void RollBackOwnership(const std::string& name, const WorkspaceId& workspace) override {
    const std::string key = OwnershipKey(workspace);
    Must(key, {"RESTORE", key, "0", saved_.at(name).at(key), "REPLACE"});
  }
  void RemoveOwnership(const WorkspaceId& workspace) override {
    const std::string key = OwnershipKey(workspace);
    Must(key, {"DEL", key});
  }
  // A commit trims a sixteenth of what is too much, in entries.
  size_t trim_slack() const override { return 100; }

 private:
  template <class T>
  static T Value(absl::StatusOr<T> value) {
    if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
    return *std::move(value);
  }
  redis::Reply Must(const std::string& key, std::initializer_list<std::string_view> command) {
    return Value(Value(admin_.For(key))->Call(command));
  }
  std::vector<std::string> Keys(const std::string& pattern) {
    std::vector<std::string> all;
    for (redis::Connection* server : Value(admin_.All())) {
      const redis::Reply reply = Value(server->Call({"KEYS", pattern}));
      const auto keys = reply.AsStrings().value();
      all.insert(all.end(), keys.begin(), keys.end());
    }
    return all;
  }

  const int wait_replicas_;
  const redis::ServersOptions servers_;
  redis::Servers admin_;
  std::map<std::string, std::map<std::string, std::string>> saved_;
};

template <class Target>
BenchKind Kind(const char* name, Target target, int wait_replicas = 0) {
  return {name, [=] { return std::make_unique<RedisBench>(target(), wait_replicas); }};
}

redis::Target OneServer() { return SharedServer().address(); }

INSTANTIATE_TEST_SUITE_P(Redis, StoreConformance,
                         testing::Values(Kind("Redis", OneServer),
                                         Kind("RedisThatWaits", OneServer, 1),
                                         Kind("RedisCluster", ClusterTarget)),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace firstline::store
