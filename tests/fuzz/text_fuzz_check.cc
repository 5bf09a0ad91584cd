#include <cstdlib>
#include <iostream>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "common/client/cursor.h"
#include "common/config/duration.h"
#include "common/config/yaml.h"
#include "common/redis/target.h"
#include "common/status/reason.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/api/page_token.h"
#include "services/router/store/port.h"
#include "tests/fuzz/text_fuzz.h"

namespace firstline::fuzz {
namespace {

constexpr char kFilter[] = "agents w";
constexpr char kPassword[] = "Sesame7Sesame";

void Must(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken rule: " << what << "\n";
  std::abort();
}

void CheckCursor(const std::string& text) {
  const auto id = store::ParseEventId(text);
  if (!id) return;
  Must(store::ToString(*id) == text, "a cursor is what is written");
  const auto seen = client::ParseCursor(text);
  Must(seen && seen->epoch == id->epoch && seen->n == id->n, "clients read cursors alike");
}

// Sealed ones of this process, for the seeds.
const std::set<std::string>& Sealed() {
  static const std::set<std::string> sealed = {api::WritePageToken({7, 12}, kFilter),
                                               api::SealPageToken("ann", kFilter)};
  return sealed;
}

void CheckPageToken(const std::string& text) {
  const auto opened = api::OpenPageToken(text, kFilter);
  Must(opened.ok() == (Sealed().count(text) == 1), "only what was sealed opens");
  Must(!api::OpenPageToken(text, "agents v").ok(), "a token is of one list");
  const auto page = api::ReadPageToken(text, kFilter);
  Must(text.empty() || !page.ok() || opened.ok(), "a page is where a token opens");
}

void CheckStore(const std::string& text) {
  const auto target = redis::Target::Parse(text);
  if (!target.ok()) {
    Must(!absl::StrContains(target.status().message(), kPassword), "errors tell no password");
    return;
  }
  const std::string logged = target->ToString();
  if (target->server.password == kPassword) {
    Must(!absl::StrContains(logged, kPassword), "the log tells no password");
  }
  // "host:port" does not say so, and "/database" is told and not read.
  if (target->server.tls || target->server.database != 0) return;
  const auto again = redis::Target::Parse(logged);
  if (!again.ok() || again->ToString() != logged) std::cerr << text << " is " << logged << "\n";
  Must(again.ok() && again->ToString() == logged, "what is logged names the same servers");
}

void CheckYaml(const std::string& text) {
  v1::Workspace before, workspace;
  before.set_id("before");
  workspace = before;
  const absl::Status read = config::ParseYaml(text, workspace);
  if (read.ok()) return;
  Must(workspace.SerializeAsString() == before.SerializeAsString(), "an error changes nothing");
  const auto info = status::GetErrorInfo(read);
  Must(info && info->reason == "CONFIG_INVALID" && !info->violations.empty(),
       "an error says what is wrong");
}

void CheckDuration(const std::string& text) {
  const std::optional<int64_t> span = config::ParseDurationNs(text);
  if (!span) return;
  Must(config::ParseDurationNs(config::FormatDuration(*span)) == span, "a duration is read alike");
}

constexpr void (*kReaders[])(const std::string&) = {CheckCursor, CheckPageToken, CheckStore,
                                                    CheckYaml, CheckDuration};
constexpr size_t kReadersCount = sizeof kReaders / sizeof kReaders[0];

}  // namespace

void CheckText(const uint8_t* data, size_t size) {
  if (size == 0) return;
  kReaders[data[0] % kReadersCount](
      std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
}

std::vector<std::string> TextSeeds() {
  std::vector<std::string> seeds = {
      std::string(1, '\0') + "1700000000000-42",
      std::string(1, '\0') + "0-0",
      std::string("\2") + "redis://app:" + kPassword + "@cache.example:6380/2",
      std::string("\2") + "rediss://cache.example",
      std::string("\2") + "[::1]:6379",
      std::string("\2") + "unix:/run/redis.sock",
      std::string("\2") + "sentinel://app:" + kPassword + "@s1,s2:26380,s3/shop/3?auth=:" + kPassword,
      std::string("\2") + "cluster://n1,n2:7000",
      std::string("\3") +
          "id: shop\nqueues:\n  - id: sales\n    offer_timeout: 1m30s\n    steps: [{after: 5s}]\n"
          "agents:\n  - {id: ann, skills: &s [{skill: de, level: 5}]}\n  - {id: bob, skills: *s}\n",
      std::string("\3") + "id: shop\nid: twice\nqueus: []\n",
      std::string("\4") + "1h30m15.25s",
      std::string("\4") + "-250ms"};
  for (const std::string& token : Sealed()) seeds.push_back(std::string("\1") + token);
  return seeds;
}

}  // namespace firstline::fuzz
