#include "common/redis/reply.h"

#include <hiredis/hiredis.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/redis/error.h"

namespace firstline::redis {
namespace {

std::string_view Text(const redisReply& raw) { return {raw.str, raw.len}; }

}  // namespace

bool ReplyView::is_nil() const { return raw_->type == REDIS_REPLY_NIL; }
bool ReplyView::is_array() const { return raw_->type == REDIS_REPLY_ARRAY; }
bool ReplyView::is_error() const { return raw_->type == REDIS_REPLY_ERROR; }

absl::Status ReplyView::status() const {
  return is_error() ? ServerError(Text(*raw_)) : absl::OkStatus();
}

absl::StatusOr<std::int64_t> ReplyView::AsInteger() const {
  if (raw_->type == REDIS_REPLY_INTEGER) return raw_->integer;
  std::int64_t value = 0;
  if (raw_->type == REDIS_REPLY_STRING &&
      absl::SimpleAtoi(absl::string_view(raw_->str, raw_->len), &value)) {
    return value;
  }
  return Mismatch("integer");
}

absl::StatusOr<std::string_view> ReplyView::AsString() const {
  if (raw_->type == REDIS_REPLY_STRING || raw_->type == REDIS_REPLY_STATUS) return Text(*raw_);
  return Mismatch("string");
}

absl::StatusOr<std::size_t> ReplyView::Size() const {
  if (!is_array()) return Mismatch("array");
  return raw_->elements;
}

absl::StatusOr<ReplyView> ReplyView::At(std::size_t index) const {
  if (!is_array() || index >= raw_->elements) {
    return Mismatch(absl::StrCat("array with an element ", index));
  }
  return ReplyView(raw_->element[index]);
}

absl::StatusOr<std::vector<std::string_view>> ReplyView::AsStrings() const {
  if (!is_array()) return Mismatch("array");
  std::vector<std::string_view> strings;
  strings.reserve(raw_->elements);
  for (std::size_t i = 0; i < raw_->elements; ++i) {
    absl::StatusOr<std::string_view> element = ReplyView(raw_->element[i]).AsString();
    if (!element.ok()) return element.status();
    strings.push_back(*element);
  }
  return strings;
}

std::string ReplyView::TypeName() const {
  switch (raw_->type) {
    case REDIS_REPLY_STRING:
      return "string";
    case REDIS_REPLY_ARRAY:
      return absl::StrCat("array of ", raw_->elements);
    case REDIS_REPLY_INTEGER:
      return "integer";
    case REDIS_REPLY_NIL:
      return "nil";
    case REDIS_REPLY_STATUS:
      return "status";
    case REDIS_REPLY_ERROR:
      return "error";
    default:
      return absl::StrCat("type ", raw_->type);
  }
}

absl::Status ReplyView::Mismatch(std::string_view wanted) const {
  if (is_error()) return status();
  return MakeError(ErrorKind::kOther,
                   absl::StrCat("Redis answered ", TypeName(), " where ", std::string(wanted),
                                " was expected"));
}

void Reply::Free::operator()(redisReply* raw) const { freeReplyObject(raw); }

}  // namespace firstline::redis
