// The matcher's lines as flows: what happened in them lately, and what it lets one expect.
#include "services/router/engine/matcher.h"

namespace firstline::engine {
namespace {

// A new inquiry is as a rule the last of its line; one that is not is looked for among so many.
constexpr uint32_t kNearPlacesMax = 256;

}  // namespace

uint32_t Matcher::FlowFor(QueueIx queue, RequirementIx requirement) {
  const auto [it, fresh] = flow_index_.try_emplace({queue, requirement}, 0);
  if (fresh) it->second = flows_.Allocate();
  ++flows_[it->second].lines;
  return it->second;
}

void Matcher::LeaveFlow(const Line& line) {
  if (--flows_[line.flow].lines > 0) return;
  flow_index_.erase({line.queue, line.requirement});
  flows_.Free(line.flow);
}

void Matcher::NoteWait(InquiryIx ix, Time now) {
  if (world_.inquiry(ix).held) return;
  Flow& flow = FlowOf(ix);
  if (flow.waiting == 1) flow.history.Began(now);
}

void Matcher::NoteStart(InquiryIx ix, Time now) {
  const Inquiry& inquiry = world_.inquiry(ix);
  if (!inquiry.held) FlowOf(ix).history.Started(now, now - inquiry.enqueue_time);
}

void Matcher::NoteReturn(InquiryIx ix) { FlowOf(ix).history.Returned(); }

void Matcher::NoteLeft(InquiryIx ix, Time now, bool gave_up) {
  const Inquiry& inquiry = world_.inquiry(ix);
  Flow& flow = FlowOf(ix);
  if (inquiry.held) return;
  flow.history.Left(now, now - inquiry.enqueue_time, gave_up, flow.waiting == 1);
}

std::optional<WaitQuantiles> Matcher::Expect(InquiryIx ix, uint32_t place, Time now) const {
  const Line& line = lines_[world_.inquiries.slots[ix.value].line.value];
  return flows_[line.flow].history.Expect(place, true, now);
}

std::optional<WaitQuantiles> Matcher::ExpectIn(QueueIx queue, RequirementIx requirement,
                                               uint32_t place, Time now) const {
  const auto known = flow_index_.find({queue, requirement});
  if (known == flow_index_.end()) return std::nullopt;
  const Flow& flow = flows_[known->second];
  return flow.history.Expect(place, flow.waiting > 0, now);
}

uint32_t Matcher::PlaceIn(QueueIx queue, const WaitKey& key) const {
  uint32_t place = 1, looks = 0;
  for (auto at = line_index_.lower_bound({queue, 0, RequirementIx{0}});
       at != line_index_.end() && std::get<0>(at->first) == queue; ++at) {
    const absl::btree_set<WaitKey>& waiting = lines_[at->second.value].waiting;
    if (++looks > limits::kPlacesMax) break;
    if (waiting.empty()) continue;
    if (*waiting.rbegin() < key) {  // as a rule: all of them came before
      place += static_cast<uint32_t>(waiting.size());
      continue;
    }
    for (const WaitKey& other : waiting) {
      if (!(other < key) || ++looks > limits::kPlacesMax) break;
      ++place;
    }
  }
  return place;
}

uint32_t Matcher::PlaceOfNew(InquiryIx ix) const {
  const Line& line = lines_[world_.inquiries.slots[ix.value].line.value];
  const uint32_t last = flows_[line.flow].waiting;
  if (line.waiting.empty() || line.waiting.rbegin()->inquiry == ix) return std::max(last, 1u);
  uint32_t place = 1;
  for (const WaitKey& key : line.waiting) {
    if (key.inquiry == ix) return place;
    if (++place > kNearPlacesMax) break;
  }
  return last;
}

}  // namespace firstline::engine
