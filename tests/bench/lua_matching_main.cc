// bench_lua_matching: what people would write instead of a router, matching wholly in Redis. One
// atomic script gives an inquiry to the longest idle agent who qualifies and releases the agent of
// another inquiry. Sixteen clients, each with one call under way, all on one thread: Redis is the
// bottleneck by far. Agents and requirements are those of sample.h. No events, no inquiry records,
// no offers: less is kept than the router keeps. Prints its figures as one line of JSON; see
// --help.
//
//   --how scan   agents are hashes of levels; the script walks the idle ones, oldest first
//   --how inter  a set of agents for each skill and least level; ZINTER with the idle ones
#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/redis/script.h"
#include "tests/bench/measurement.h"
#include "tests/bench/sample.h"

namespace firstline::bench {
namespace {

constexpr int kClients = 16;
// Inquiries a client holds before it releases the oldest: 64 agents are busy.
constexpr size_t kHeld = 4;

// KEYS idle, busy; ARGV now, inquiry, inquiry to release or '', then skill and level by turns
constexpr char kRelease[] = R"lua(
local function release()
  if ARGV[3] == '' then return end
  local agent = redis.call('HGET', KEYS[2], ARGV[3])
  redis.call('HDEL', KEYS[2], ARGV[3])
  redis.call('ZADD', KEYS[1], ARGV[1], agent)
end
local function assign(agent)
  redis.call('ZREM', KEYS[1], agent)
  redis.call('HSET', KEYS[2], ARGV[2], agent)
  return agent
end
release()
)lua";

constexpr char kScan[] = R"lua(
local function qualifies(agent)
  for i = 4, #ARGV, 2 do
    local level = redis.call('HGET', '{m}:agent:' .. agent, ARGV[i])
    if not level or tonumber(level) < tonumber(ARGV[i + 1]) then return false end
  end
  return true
end
local from = 0
while true do
  local page = redis.call('ZRANGE', KEYS[1], from, from + 63)
  if #page == 0 then return false end
  for _, agent in ipairs(page) do
    if qualifies(agent) then return assign(agent) end
  end
  from = from + 64
end
)lua";

constexpr char kInter[] = R"lua(
local sets, weights = {KEYS[1]}, {1}
for i = 4, #ARGV, 2 do
  sets[#sets + 1] = '{m}:skill:' .. ARGV[i] .. ':' .. ARGV[i + 1]
  weights[#weights + 1] = 0
end
local command = {'ZINTER', #sets}
for _, key in ipairs(sets) do command[#command + 1] = key end
command[#command + 1] = 'WEIGHTS'
for _, weight in ipairs(weights) do command[#command + 1] = weight end
local found = redis.call(unpack(command))
if #found == 0 then return false end
return assign(found[1])
)lua";

class Client {
 public:
  explicit Client(const redis::ConnectionOptions& options) {
    auto opened = redis::Connection::Open(options);
    if (!opened.ok()) Fail(opened.status().ToString());
    connection_ = *std::move(opened);
  }

  redis::Connection& connection() { return *connection_; }

  void Send(const redis::Script& script, int number) {
    const std::string now = std::to_string(number), inquiry = InquiryId(number);
    std::string released;
    if (held_.size() == kHeld) {
      released = held_.front();
      held_.pop_front();
    }
    std::vector<std::string> texts = {now, inquiry, released};
    for (const Skill& skill : RequirementOf(number)) {
      texts.push_back(skill.name);
      texts.push_back(std::to_string(skill.level));
    }
    const std::vector<std::string_view> arguments(texts.begin(), texts.end());
    const std::string_view keys[] = {"{m}:idle", "{m}:busy"};
    held_.push_back(inquiry);
    began_ = Clock::now();
    script.Append(*connection_, keys, arguments);
    if (!connection_->Flush().ok()) Fail("Redis is gone");
  }

  Clock::time_point Answer() {
    const auto reply = connection_->ReadReply();
    if (!reply.ok()) Fail(reply.status().ToString());
    if (reply->is_nil()) Fail("nobody was free");
    return began_;
  }

 private:
  std::unique_ptr<redis::Connection> connection_;
  std::deque<std::string> held_;
  Clock::time_point began_;
};

void AddAgents(redis::Connection& connection, int agents) {
  for (int i = 0; i < agents; ++i) {
    const std::string agent = AgentId(i), hash = absl::StrCat("{m}:agent:", agent);
    connection.Append({"ZADD", "{m}:idle", std::to_string(i - agents), agent});
    for (const Skill& skill : SkillsOfAgent(i)) {
      connection.Append({"HSET", hash, skill.name, std::to_string(skill.level)});
      for (int level = 1; level <= skill.level; ++level) {
        connection.Append({"SADD", absl::StrCat("{m}:skill:", skill.name, ":", level), agent});
      }
    }
    while (connection.pending() > 0) {
      if (const auto reply = connection.ReadReply(); !reply.ok()) Fail(reply.status().ToString());
    }
  }
}

// Every agent is idle or busy, and nobody is busy twice.
void Check(redis::Connection& connection, int agents) {
  const auto idle = connection.Call({"ZCARD", "{m}:idle"});
  const auto busy = connection.Call({"HLEN", "{m}:busy"});
  if (!idle.ok() || !busy.ok() || *idle->AsInteger() + *busy->AsInteger() != agents) {
    Fail("agents were lost");
  }
}

nlohmann::json Measure(const redis::ConnectionOptions& options, const redis::Script& script,
                       int agents, Window window, const std::vector<Process>& processes) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<Client>(options));
  redis::Connection& first = clients[0]->connection();
  AddAgents(first, agents);
  if (const absl::Status status = script.Load(first); !status.ok()) Fail(status.ToString());
  int number = 0;
  Measurement measurement(window, processes);
  for (auto& client : clients) client->Send(script, number++);
  for (bool over = false; !over;) {
    for (auto& client : clients) {
      const Clock::time_point began = client->Answer(), now = Clock::now();
      measurement.Ended(began, now);
      over = over || measurement.Over(now);
      client->Send(script, number++);
    }
  }
  for (auto& client : clients) client->Answer();
  Check(first, agents);
  nlohmann::json figures = measurement.Figures();
  figures["matched"] = number;
  return figures;
}

int Main(int argc, char** argv) {
  std::string how = "scan";
  int agents = 1000, redis_pid = 0, warm_up_ms = 300, window_ms = 2000;
  redis::ConnectionOptions connection;
  connection.command_timeout = std::chrono::seconds(30);
  CLI::App cli("Measures matching inside Redis.", "bench_lua_matching");
  cli.add_option("--how", how)->check(CLI::IsMember({"scan", "inter"}));
  cli.add_option("--agents", agents)->check(CLI::Range(1000, 200'000));
  cli.add_option("--redis", connection.address.unix_path, "path of its socket")->required();
  cli.add_option("--redis-pid", redis_pid)->required();
  cli.add_option("--warm-up-ms", warm_up_ms);
  cli.add_option("--window-ms", window_ms);
  CLI11_PARSE(cli, argc, argv);
  const redis::Script script(absl::StrCat(kRelease, how == "scan" ? kScan : kInter));
  const nlohmann::json figures =
      Measure(connection, script, agents,
              {std::chrono::milliseconds(warm_up_ms), std::chrono::milliseconds(window_ms)},
              {{"redis", redis_pid}});
  std::printf("%s\n", figures.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) { return firstline::bench::Main(argc, argv); }
