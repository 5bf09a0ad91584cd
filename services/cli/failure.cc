#include "services/cli/failure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"

namespace firstline::cli {
namespace {

ExitCode ExitOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return ExitCode::kInvalid;
    case grpc::StatusCode::NOT_FOUND: return ExitCode::kNotFound;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return ExitCode::kUnavailable;
    default: return ExitCode::kRefused;
  }
}

struct Hint {
  std::string_view reason;
  std::string_view text;
};
constexpr std::array kHints = {
    Hint{"UNKNOWN_WORKSPACE", "`firstline config apply FILE` creates one; -w or FIRSTLINE_WORKSPACE"
                              " says which is meant"},
    Hint{"UNKNOWN_QUEUE", "`firstline queue list` lists the queues"},
    Hint{"UNKNOWN_CHANNEL", "`firstline config get` shows the channels"},
    Hint{"UNKNOWN_AGENT", "`firstline agent list` lists the agents"},
    Hint{"UNKNOWN_INQUIRY", "`firstline inquiry list` lists what is open; ended ones are kept for"
                            " settings.closed_retention"},
    Hint{"UNKNOWN_REASON", "`firstline config get` shows settings.away_reasons"},
    Hint{"WORKSPACE_EXISTS", "leave --create out to change it"},
    Hint{"ETAG_MISMATCH", "somebody changed it: read it again with `firstline config get`"},
    Hint{"INQUIRY_ID_REUSED", "choose another --id, or leave it out to get a new one"},
    Hint{"CLOCK_NOT_DRIVEN", "start the router with --clock=driven, or replay with --speed N"},
    Hint{"UNKNOWN_OFFER", "`firstline agent watch` shows what is offered to whom"},
    Hint{"OFFER_NOT_YOURS", "`firstline agent watch` shows what is offered to whom"},
    Hint{"NOT_ASSIGNEE", "`firstline inquiry get` shows which agent has it"},
    Hint{"NO_WRAP_UP", "`firstline agent watch` shows who is in wrap-up"},
    Hint{"CURSOR_EXPIRED", "begin with --from 0-0: the oldest event that is kept"},
    Hint{"CURSOR_REWOUND", "begin with --from and the resume_cursor named above"},
    Hint{"CONFIG_INVALID", "`firstline config validate FILE` checks without changing anything"},
    Hint{"TOKEN_MISSING", "--token-file or FIRSTLINE_TOKEN_FILE says where your token is"},
    Hint{"TOKEN_EXPIRED", "get a fresh token into the file of --token-file"},
    Hint{"ROLE_NOT_ALLOWED", "deploy/README.md, section Security, says which role may do what"},
    Hint{"STORE_UNAVAILABLE", "the router is up, its Redis is not; try again"},
    Hint{"NOT_REPLICATED", "it is done; the router's Redis misses replicas: repeat it to be sure"},
};

std::string HintFor(const client::Error& error) {
  for (const Hint& hint : kHints) {
    if (hint.reason == error.reason) return std::string(hint.text);
  }
  if (error.reason.empty() && ExitOf(error.code) == ExitCode::kUnavailable) {
    return "is the router running there? --server or FIRSTLINE_SERVER says where it is";
  }
  return "";
}

}  // namespace

Failure::Failure(const client::Error& error)
    : exit_(ExitOf(error.code)),
      code_(client::CodeName(error.code)),
      reason_(error.reason),
      message_(error.message),
      fields_(error.fields),
      hint_(HintFor(error)) {
  unanswered_ = error.reason.empty() && (error.code == grpc::StatusCode::UNAVAILABLE ||
                                         error.code == grpc::StatusCode::DEADLINE_EXCEEDED);
  for (const auto& [key, value] : error.metadata) {
    if (key == "resume_cursor" || key == "etag" || key == "owner") {
      absl::StrAppend(&message_, " (", key, ": ", value, ")");
    }
  }
}

Failure::Failure(const absl::Status& status)
    : exit_(absl::IsNotFound(status) ? ExitCode::kNotFound : ExitCode::kInvalid),
      reason_(status::ReasonOf(status)),
      message_(status.message()) {}

std::string Failure::ToString() const {
  if (message_.empty()) return "";
  std::string text = "error: ";
  if (!code_.empty()) absl::StrAppend(&text, code_, " ");
  if (!reason_.empty()) absl::StrAppend(&text, reason_, ": ");
  if (!code_.empty() && reason_.empty()) text.insert(text.size() - 1, ":");
  absl::StrAppend(&text, message_, "\n");
  for (const client::FieldError& field : fields_) {
    absl::StrAppend(&text, "  ", field.field, ": ", field.description, "\n");
  }
  if (!hint_.empty()) absl::StrAppend(&text, "hint: ", hint_, "\n");
  return text;
}

}  // namespace firstline::cli
