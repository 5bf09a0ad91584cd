// The life of one inquiry for people: who decided what, when and why, a line a step, from the
// events.
//
// Thread rule: values.
#pragma once

#include <string>
#include <vector>

#include "firstline/v1/event.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/workspace.pb.h"

namespace firstline::cli {

struct TimelineStep {
  v1::Event event;
  // "router" for decisions, "customer", an agent's id, or who called: whom the caller acted for, its
  // subject, or "platform" where nobody is known.
  std::string by;
  // "offered to ann for 20s"
  std::string what;
};

// Takes the events of one inquiry in order; those of the workspace between them (OwnerChanged) may
// come too.
class Timeline {
 public:
  // `config`, as it is now, explains steps of routes; what it no longer has is left unexplained.
  explicit Timeline(const v1::Workspace& config) : config_(&config) {}

  void Take(const v1::Event& event);
  // Forgets the events after `cursor`.
  void TakeBack(const std::string& cursor);
  const std::vector<TimelineStep>& steps() const { return steps_; }

  // The events taken lead to where `inquiry` is, as far as its counts tell: history was read to the
  // end, or to within an event of its agent's.
  bool Reaches(const v1::Inquiry& inquiry) const;

 private:
  std::string By(const v1::Event& event) const;
  std::string ByKind(const v1::Event& event) const;
  std::string What(const v1::Event& event) const;
  std::string StepText(const std::string& queue, int step,
                       const google::protobuf::Timestamp& time) const;
  void Fold(const v1::Event& event);

  const v1::Workspace* config_;
  std::vector<TimelineStep> steps_;
  v1::InquiryState state_ = v1::INQUIRY_STATE_UNSPECIFIED;
  int offers_ = 0, transfers_ = 0;
  std::string offer_;  // the last one
  google::protobuf::Timestamp entered_;  // its present queue
};

// "0.250s", "12.0s", "4m05s", "3h07m": as exact as a person reads.
std::string Elapsed(std::int64_t us);

}  // namespace firstline::cli
