// Why a call did not succeed, in the parts a program acts on.
//
//   auto answer = client.SubmitInquiry(request);
//   if (!answer.ok() && answer.error().reason == "UNKNOWN_QUEUE") ...
//
// Every reason a router gives is listed in proto/firstline/v1/error.proto. An error without a
// reason did not come from a router: the connection broke, or something between answered.
//
// Thread rule: values.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "google/rpc/status.pb.h"

namespace firstline::client {

// One field of the request that is wrong, such as "inquiry.priority".
struct FieldError {
  std::string field;
  std::string description;
  friend bool operator==(const FieldError&, const FieldError&) = default;
};

struct Error {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  // ErrorReason without its prefix, such as "QUEUE_FULL"; empty if no router said so.
  std::string reason = {};
  // For people; its wording may change.
  std::string message = {};
  std::vector<FieldError> fields = {};
  std::map<std::string, std::string> metadata = {};
  // The earliest sensible delay before the same request is sent again.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;

  // `status` must not be OK. Details that cannot be read are left out.
  static Error From(const grpc::Status& status);
  static Error From(const google::rpc::Status& status);

  // The value under `key`, or empty.
  std::string MetadataValue(const std::string& key) const;
  // "NOT_FOUND UNKNOWN_QUEUE: no queue 'x' (inquiry.queue: ...)", for logs.
  std::string ToString() const;
};

// The canonical name of a code, such as "NOT_FOUND".
std::string CodeName(grpc::StatusCode code);

// A response or an error. Reading the wrong one throws std::bad_variant_access.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : outcome_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(client::Error error)
      : outcome_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(outcome_); }
  const T& value() const { return std::get<T>(outcome_); }
  const T* operator->() const { return &value(); }
  const T& operator*() const { return value(); }
  const client::Error& error() const { return std::get<client::Error>(outcome_); }

 private:
  std::variant<T, client::Error> outcome_;
};

}  // namespace firstline::client
