#include "services/router/api/convert_classifier.h"

#include <algorithm>

#include "common/status/reason.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/fields.h"
#include "services/router/engine/limits.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

// Whoever shows it may show it on a terminal.
bool IsPlain(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

v1::ClassifyRequest ToClassifyRequest(const std::string& workspace, const engine::Submit& submit) {
  v1::ClassifyRequest request;
  request.set_workspace(workspace);
  request.set_inquiry_id(submit.inquiry_id);
  request.set_channel(submit.channel);
  for (const auto& [key, value] : submit.attributes) (*request.mutable_attributes())[key] = value;
  store::WriteMessage(submit.requirement, request.mutable_requirement());
  request.set_priority(submit.priority);
  return request;
}

engine::Advice ToAdvice(const std::string& classifier, const v1::ClassifyResponse& response) {
  engine::Advice advice{.classifier = classifier, .outcome = engine::ClassifierOutcome::kNoVerdict};
  Fields fields;
  const Path root;
  const std::string& label = response.label();
  if (!IsPlain(label)) {
    fields.Fail(root / "label", "has control characters");
  } else if (fields.Bytes(root / "label", label, engine::limits::kClassifierLabelBytesMax)) {
    advice.label = label;
  }
  if (response.has_verdict()) {
    const v1::Verdict& verdict = response.verdict();
    advice.outcome = engine::ClassifierOutcome::kVerdict;
    fields.Name(root / "queue", verdict.queue());
    advice.verdict.queue = verdict.queue();
    advice.verdict.requirement =
        ReadRequirement(verdict.requirement(), root / "requirement", fields);
    if (verdict.has_priority()) {
      fields.Range(root / "priority", verdict.priority(), 0, engine::limits::kPriorityMax);
      advice.verdict.priority = verdict.priority();
    }
  }
  if (fields.ok()) return advice;
  advice.outcome = engine::ClassifierOutcome::kOutOfBounds;
  advice.verdict = {};
  const auto info = status::GetErrorInfo(fields.Error());
  advice.subject = info->violations.front().field.substr(0, engine::limits::kNameBytesMax);
  return advice;
}

}  // namespace firstline::api
