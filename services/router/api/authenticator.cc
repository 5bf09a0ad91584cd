#include "services/router/api/authenticator.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "services/router/engine/limits.h"

namespace firstline::api {
namespace {

using nlohmann::json;

constexpr std::string_view kScheme = "Bearer ";

absl::Status Unauthenticated(const std::string& message, const char* reason) {
  return status::Error(absl::StatusCode::kUnauthenticated, message, {.reason = reason});
}

absl::Status BadClaim(const std::string& what) {
  return Unauthenticated(absl::StrCat("the token's claim firstline", what), "TOKEN_INVALID");
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// ---- Claims -------------------------------------------------------------------------------------

std::optional<Role> RoleNamed(const json& name) {
  for (const Role role : {Role::kPlatform, Role::kAgent, Role::kSupervisor, Role::kOperator,
                          Role::kVendor}) {
    if (name == std::string(ToString(role))) return role;
  }
  return {};
}

absl::Status ReadWorkspaces(const json& value, Caller& caller) {
  if (!value.is_array() || value.empty() || value.size() > Authenticator::kWorkspacesMax) {
    return BadClaim(absl::StrCat(".workspaces is no list of 1 to ", Authenticator::kWorkspacesMax));
  }
  caller.all_workspaces = value.size() == 1 && value[0] == "*";
  if (caller.all_workspaces) return absl::OkStatus();
  for (const json& name : value) {
    if (!name.is_string() || name == "" || name == "*") {
      return BadClaim(".workspaces holds no name of a workspace");
    }
    caller.workspaces.push_back(name.get<std::string>());
  }
  std::sort(caller.workspaces.begin(), caller.workspaces.end());
  return absl::OkStatus();
}

// The text under `name`, or `otherwise`; an error for what cannot be an id here.
absl::StatusOr<std::string> ReadId(const json& claim, const char* name,
                                   const std::string& otherwise) {
  const auto field = claim.find(name);
  if (field != claim.end() && !field->is_string()) return BadClaim(absl::StrCat(".", name));
  const std::string id = field == claim.end() ? otherwise : field->get<std::string>();
  if (id.empty() || id.size() > engine::limits::kIdBytesMax) {
    return BadClaim(absl::StrCat(".", name, " is missing or too long"));
  }
  return id;
}

absl::Status CheckNames(const json& claim) {
  for (const auto& [name, value] : claim.items()) {
    if (name != "role" && name != "workspaces" && name != "agent_id" && name != "vendor") {
      return BadClaim(" has a part that is not known here");
    }
  }
  return absl::OkStatus();
}

engine::CallerRole ToldAs(Role role) {
  switch (role) {
    case Role::kPlatform: return engine::CallerRole::kPlatform;
    case Role::kAgent: return engine::CallerRole::kAgent;
    case Role::kSupervisor: return engine::CallerRole::kSupervisor;
    case Role::kOperator: return engine::CallerRole::kOperator;
    case Role::kVendor: return engine::CallerRole::kVendor;
    case Role::kPod:
    case Role::kAnyone: break;
  }
  return engine::CallerRole::kUnknown;
}

// UTF-8 stays UTF-8.
std::string Cut(std::string text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
  return text;
}

engine::CallerRef ToldOf(const Caller& caller, const std::string& subject) {
  return std::make_shared<const engine::Caller>(
      engine::Caller{.role = ToldAs(caller.role),
                     .subject = Cut(subject, limits::kSubjectBytesMax),
                     .agent_id = caller.agent_id});
}

// Tokens of one subject are one caller; without a subject, those of one agent, vendor or role.
std::string KeyOf(const Caller& caller) {
  return absl::StrCat(std::string(ToString(caller.role)), " ", caller.agent_id, " ", caller.vendor,
                      " ", caller.told->subject);
}

absl::StatusOr<std::shared_ptr<Caller>> ReadCaller(const jwt::Claims& claims,
                                                    const std::string& token) {
  const auto claim = claims.all.find("firstline");
  if (claim == claims.all.end() || !claim->is_object()) return BadClaim(" is missing");
  if (absl::Status s = CheckNames(*claim); !s.ok()) return s;
  auto caller = std::make_shared<Caller>();
  const std::optional<Role> role = RoleNamed(claim->value("role", json()));
  if (!role) return BadClaim(".role is none");
  caller->role = *role;
  if (absl::Status s = ReadWorkspaces(claim->value("workspaces", json()), *caller); !s.ok()) return s;
  if (role == Role::kAgent) {
    auto id = ReadId(*claim, "agent_id", claims.subject);
    if (!id.ok()) return id.status();
    caller->agent_id = *std::move(id);
  }
  if (role == Role::kVendor) {
    auto vendor = ReadId(*claim, "vendor", "");
    if (!vendor.ok()) return vendor.status();
    caller->vendor = *std::move(vendor);
  }
  caller->token = token;
  caller->told = ToldOf(*caller, claims.subject);
  caller->key = KeyOf(*caller);
  caller->expiry = claims.expiry + jwt::kLeeway;
  return caller;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Open(AuthenticatorOptions options) {
  if (options.expected.issuer.empty() || options.expected.audience.empty()) {
    return absl::InvalidArgumentError("tokens need an issuer and an audience");
  }
  if (!options.now) {
    options.now = [] {
      return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    };
  }
  std::unique_ptr<Authenticator> opened(new Authenticator(std::move(options)));
  const std::string& path = opened->options_.keys_path;
  std::optional<std::string> text = ReadFile(path);
  if (!text) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  absl::StatusOr<jwt::KeySet> keys = jwt::KeySet::Parse(*text);
  if (!keys.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", keys.status().message()));
  }
  {
    sync::MutexLock lock(opened->mutex_);
    opened->text_ = *std::move(text);
    opened->keys_ = std::make_shared<const jwt::KeySet>(*std::move(keys));
  }
  opened->thread_ = sync::OwnedThread("fl-keys", [self = opened.get()] { self->Watch(); });
  return opened;
}

Authenticator::~Authenticator() {
  {
    sync::MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.NotifyAll();
  thread_.Join();
}

void Authenticator::Watch() {
  for (;;) {
    {
      sync::MutexLock lock(mutex_);
      const auto next = std::chrono::steady_clock::now() + kLook;
      while (!stopped_ && changed_.WaitUntil(mutex_, next)) {
      }
      if (stopped_) return;
    }
    Look();
  }
}

bool Authenticator::Look() {
  sync::MutexLock alone(looking_);
  std::optional<std::string> text = ReadFile(options_.keys_path);
  {
    sync::MutexLock lock(mutex_);
    // Not there for a moment is how files are replaced.
    if (!text || *text == text_) return false;
    text_ = *text;
  }
  absl::StatusOr<jwt::KeySet> keys = jwt::KeySet::Parse(*text);
  if (!keys.ok()) {
    log::Warning("keys of tokens cannot be used, those in force stay",
                 {{"file", options_.keys_path}, {"problem", keys.status().message()}});
    return false;
  }
  log::Info("keys of tokens were replaced",
            {{"file", options_.keys_path}, {"keys", keys->keys().size()}});
  sync::MutexLock lock(mutex_);
  keys_ = std::make_shared<const jwt::KeySet>(*std::move(keys));
  ++generation_;
  young_.clear();
  old_.clear();
  bad_tokens_.ForgetTokens();
  return true;
}

absl::StatusOr<CallerRef> Authenticator::Identify(std::string_view authorization,
                                                  AddressOf address) {
  if (authorization.empty()) {
    return Unauthenticated("the call carries no bearer token", "TOKEN_MISSING");
  }
  const bool bearer =
      authorization.size() > kScheme.size() &&
      absl::EqualsIgnoreCase(std::string(authorization.substr(0, kScheme.size())),
                             std::string(kScheme));
  if (!bearer) return Unauthenticated("authorization is no bearer token", "TOKEN_INVALID");
  return IdentifyToken(std::string(authorization.substr(kScheme.size())), address);
}

absl::StatusOr<CallerRef> Authenticator::IdentifyToken(const std::string& token,
                                                       AddressOf address) {
  if (CallerRef known = Remembered(token)) return known;
  const std::string from = address();
  if (absl::Status s = bad_tokens_.Check(token, from); !s.ok()) return s;
  const uint64_t generation = generation_;
  absl::StatusOr<CallerRef> judged = Judge(token);
  if (judged.ok()) return judged;
  sync::MutexLock lock(mutex_);
  // By keys that were replaced meanwhile it may have been good.
  if (generation == generation_) bad_tokens_.Refuse(token, from, judged.status());
  return judged;
}

// Null unless it is still good.
CallerRef Authenticator::Remembered(const std::string& token) {
  sync::MutexLock lock(mutex_);
  CallerRef known = Known(token);
  return known != nullptr && options_.now() < known->expiry ? known : nullptr;
}

absl::StatusOr<CallerRef> Authenticator::Judge(const std::string& token) {
  std::shared_ptr<const jwt::KeySet> keys;
  uint64_t generation = 0;
  {
    sync::MutexLock lock(mutex_);
    keys = keys_;
    generation = generation_;
  }
  absl::StatusOr<jwt::Claims> claims = jwt::Verify(token, *keys, options_.expected, options_.now());
  if (!claims.ok()) return claims.status();
  absl::StatusOr<std::shared_ptr<Caller>> caller = ReadCaller(*claims, token);
  if (!caller.ok()) return caller.status();
  (*caller)->generation = generation;
  sync::MutexLock lock(mutex_);
  // Judged by keys that were replaced meanwhile, it must be judged again next time.
  if (generation == generation_) Remember(*caller);
  return CallerRef(*std::move(caller));
}

// Null if it is not; it may have expired.
CallerRef Authenticator::Known(const std::string& token) {
  if (const auto young = young_.find(token); young != young_.end()) return young->second;
  const auto old = old_.find(token);
  if (old == old_.end()) return nullptr;
  const CallerRef caller = old->second;
  old_.erase(old);
  Remember(caller);
  return caller;
}

void Authenticator::Remember(const CallerRef& caller) {
  if (young_.size() >= options_.tokens_max / 2) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.erase(caller->token);  // its key is the text of the caller that it leads to
  young_.emplace(caller->token, caller);
}

size_t Authenticator::remembered() {
  sync::MutexLock lock(mutex_);
  return young_.size() + old_.size();
}

absl::Status Authenticator::StillGood(CallerRef& caller) {
  if (caller->token.empty()) return absl::OkStatus();
  const bool expired = options_.now() >= caller->expiry;
  if (caller->generation == generation_ && !expired) return absl::OkStatus();
  if (!expired && !InTurn()) return absl::OkStatus();
  CallerRef known = Remembered(caller->token);
  absl::StatusOr<CallerRef> judged =
      known != nullptr ? absl::StatusOr<CallerRef>(known) : Judge(caller->token);
  if (!judged.ok()) return judged.status();
  // For whom it acts is the stream's.
  if (caller->told != nullptr && !caller->told->on_behalf_of.empty()) {
    auto acting = std::make_shared<Caller>(**judged);
    acting->told = caller->told;
    judged = CallerRef(std::move(acting));
  }
  caller = *std::move(judged);
  return absl::OkStatus();
}

bool Authenticator::InTurn() {
  sync::MutexLock lock(mutex_);
  return turns_.Take(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace firstline::api
