// What Redis answered, read through accessors that check its type.
//
//   absl::StatusOr<Reply> reply = connection.Call({"HMGET", key, "a", "b"});
//   if (!reply.ok()) return reply.status();
//   absl::StatusOr<ReplyView> first = reply->view().At(0);
//
// An accessor for another type than the one there is fails with ErrorKind::kOther, and on an error
// reply (an element of EXEC's answer may be one) with that error. Nothing here throws or aborts.
//
// Thread rule: values; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct redisReply;

namespace firstline::redis {

// A part of a Reply, valid as long as that Reply. Cheap to copy.
class ReplyView {
 public:
  explicit ReplyView(const redisReply* raw) : raw_(raw) {}

  bool is_nil() const;
  bool is_array() const;
  bool is_error() const;

  // OK unless this is an error reply.
  absl::Status status() const;

  // An integer reply, or a string that is wholly one, such as a counter read with GET.
  absl::StatusOr<std::int64_t> AsInteger() const;

  // A string or status reply. The bytes live as long as the Reply; any byte may occur.
  absl::StatusOr<std::string_view> AsString() const;

  // How many elements an array has.
  absl::StatusOr<std::size_t> Size() const;

  // An element of an array; fails when there are not so many.
  absl::StatusOr<ReplyView> At(std::size_t index) const;

  // All elements, which must be strings.
  absl::StatusOr<std::vector<std::string_view>> AsStrings() const;

  // "array of 3", "integer", ...: for messages.
  std::string TypeName() const;

 private:
  absl::Status Mismatch(std::string_view wanted) const;

  const redisReply* raw_;
};

// Owns an answer of Redis with all its elements.
class Reply {
 public:
  // Takes ownership; `raw` is not null.
  explicit Reply(redisReply* raw) : raw_(raw) {}

  ReplyView view() const { return ReplyView(raw_.get()); }

  bool is_nil() const { return view().is_nil(); }
  absl::StatusOr<std::int64_t> AsInteger() const { return view().AsInteger(); }
  absl::StatusOr<std::string_view> AsString() const { return view().AsString(); }
  absl::StatusOr<std::size_t> Size() const { return view().Size(); }
  absl::StatusOr<ReplyView> At(std::size_t index) const { return view().At(index); }
  absl::StatusOr<std::vector<std::string_view>> AsStrings() const { return view().AsStrings(); }

 private:
  struct Free {
    void operator()(redisReply* raw) const;
  };
  std::unique_ptr<redisReply, Free> raw_;
};

}  // namespace firstline::redis
