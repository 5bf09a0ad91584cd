// Who calls: bearer tokens judged by keys that may be replaced, and what their claims mean here.
//
//   auto authenticator = Authenticator::Open({.keys_path = "/etc/firstline/keys/jwks.json",
//                                             .expected = {.issuer = ..., .audience = ...}});
//   absl::StatusOr<CallerRef> caller = (*authenticator)->Identify("Bearer eyJ...", address);
//
// A token (common/jwt/verify.h) has an object claim `firstline`:
//
//   "firstline": {"role": "agent", "workspaces": ["shop"], "agent_id": "ann"}
//
// `role`: platform, agent, supervisor, operator or vendor. `workspaces`: names, or ["*"] for all.
// `agent_id`, of an agent: who it is; left out: the token's subject. `vendor`, of a vendor: required,
// as in the workspace's teams. Anything else in it is an error: a limit that is misspelt must not be
// no limit.
//
// Tokens once found good are remembered, the last tokens_max / 2 at least and tokens_max at most,
// until they expire or the keys change: to judge a signature anew for every call would cost some
// 100 us each. After a change streams are judged again kJudgedPerSecond at a time, so that calls go
// on beside that: the last of 20,000 after 20 s. How many bad tokens are judged is bounded
// (bad_tokens.h).
//
// Threads: any. One of its own looks at the file every kLook.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/jwt/keys.h"
#include "common/jwt/verify.h"
#include "common/limit/token_bucket.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "services/router/api/access.h"
#include "services/router/api/bad_tokens.h"

namespace firstline::api {

struct AuthenticatorOptions {
  std::string keys_path;  // JSON Web Key Set or PEM, see common/jwt/keys.h
  jwt::Expected expected;
  std::function<jwt::Time()> now;  // empty: the system's clock
  // Tokens remembered at most, some 2 KiB each: twice the streams of a pod.
  size_t tokens_max = 40'000;
  BadTokenOptions bad_tokens = {};
};

class Authenticator {
 public:
  static constexpr std::chrono::seconds kLook{1};
  static constexpr int kJudgedPerSecond = 1000;
  static constexpr size_t kWorkspacesMax = 64;

  // INVALID_ARGUMENT when the file cannot be read or holds no keys, or an expectation is empty.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Open(AuthenticatorOptions options);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // `authorization`: the header's value, empty if there was none. `address`: from where the call
  // comes (client_address.h), asked for unless the token is remembered. UNAUTHENTICATED with reason
  // TOKEN_MISSING, TOKEN_INVALID or TOKEN_EXPIRED; RESOURCE_EXHAUSTED / TOO_MANY_BAD_TOKENS.
  using AddressOf = absl::FunctionRef<std::string()>;
  absl::StatusOr<CallerRef> Identify(std::string_view authorization, AddressOf address);
  // A caller identified earlier: would it be now? Cheap while the keys are the same. After they
  // changed `caller` becomes what its token says by the new ones, in its turn: OK until then.
  absl::Status StillGood(CallerRef& caller);

  // Reads the keys again if the file has changed; true if they are new. What cannot be used is told
  // in the log, once, and the keys in force stay.
  bool Look();

  // For tests: tokens that are remembered.
  size_t remembered();

 private:
  explicit Authenticator(AuthenticatorOptions options)
      : options_(std::move(options)), bad_tokens_(options_.bad_tokens) {}
  absl::StatusOr<CallerRef> IdentifyToken(const std::string& token, AddressOf address);
  absl::StatusOr<CallerRef> Judge(const std::string& token);
  CallerRef Remembered(const std::string& token);
  CallerRef Known(const std::string& token) FIRSTLINE_REQUIRES(mutex_);
  void Remember(const CallerRef& caller) FIRSTLINE_REQUIRES(mutex_);
  bool InTurn();
  void Watch();

  const AuthenticatorOptions options_;
  BadTokens bad_tokens_;
  sync::Mutex looking_;  // one at a time looks; held before mutex_
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::string text_ FIRSTLINE_GUARDED_BY(mutex_);  // of the file, as last looked at
  std::shared_ptr<const jwt::KeySet> keys_ FIRSTLINE_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{0};  // of keys_; written under mutex_
  // By token, the caller's own. When the young ones are half of tokens_max they become the old ones,
  // and those are forgotten, but for who comes again.
  using Tokens = std::unordered_map<std::string_view, CallerRef>;
  Tokens young_ FIRSTLINE_GUARDED_BY(mutex_);
  Tokens old_ FIRSTLINE_GUARDED_BY(mutex_);
  limit::TokenBucket turns_ FIRSTLINE_GUARDED_BY(mutex_){kJudgedPerSecond, kJudgedPerSecond / 4};
  bool stopped_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
