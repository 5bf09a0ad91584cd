// How long an owner may act, and how long an acquirer must wait. Both count on the boot clock of
// their own machine and trust nobody else's.
//
//   owner:    renewals confirmed --> acts until (sending of the last one) + lease
//   acquirer: the same record seen --> may take it at (arrival of the first sight) + lease
//
// The record the acquirer saw was in force when its first sight arrived or before, the owner's
// renewal of it was sent before that: so the owner has stopped when the acquirer may begin.
#pragma once

#include <optional>

#include "services/router/runtime/boot_time.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

class Lease {
 public:
  explicit Lease(Span length) : length_(length) {}

  // The request sent at `sent` was confirmed. An older confirmation changes nothing.
  void Confirm(BootTime sent) {
    if (!held_ || sent + length_ > expiry_) expiry_ = sent + length_;
    held_ = true;
  }
  void Drop() { held_ = false; }
  bool Valid(BootTime now) const { return held_ && now < expiry_; }
  BootTime expiry() const { return expiry_; }
  Span length() const { return length_; }

 private:
  const Span length_;
  bool held_ = false;
  BootTime expiry_{};
};

// What an observer has seen of a workspace's ownership record.
class Sighting {
 public:
  // `record`: nullopt when there is none. `sent`, `received`: of the request that read it.
  void See(const std::optional<store::OwnershipRecord>& record, BootTime sent, BootTime received) {
    if (known_ && record != record_ && record_) alive_at_ = last_sent_;
    if (!known_ || record != record_) since_ = received;
    known_ = true;
    record_ = record;
    last_sent_ = sent;
  }
  // An observation failed: the store may have been rolled back meanwhile, and an owner whose renewal
  // was undone shows the same record again. It gets a full lease to put that right.
  void Interrupt() { known_ = false; }

  bool known() const { return known_; }
  const std::optional<store::OwnershipRecord>& record() const { return record_; }
  // When the record may be taken by somebody who waits `wait` for silent owners.
  BootTime FreeAt(Span wait) const {
    if (!known_) return kNeverBoot;
    return record_ && record_->released ? since_ : since_ + wait;
  }
  // The owner was alive then or later; unset when no sign of life was ever seen.
  std::optional<BootTime> alive_at() const { return alive_at_; }
  // The last owner was this pod, until `at`.
  void NoteAlive(BootTime at) { alive_at_ = at; }

 private:
  bool known_ = false;
  std::optional<store::OwnershipRecord> record_;
  BootTime since_{};
  BootTime last_sent_{};
  std::optional<BootTime> alive_at_;
};

}  // namespace firstline::runtime
