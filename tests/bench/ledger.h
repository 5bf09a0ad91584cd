// What callers were told, against what a workspace's history says in the end.
//
//   Ledger ledger;
//   ledger.Submitted("w0", "i1");  ledger.Cancelled("w0", "i1");  // as acknowledged
//   LedgerCheck check = ledger.Check(client);                     // when nobody calls any more
//
// Threads: any; Check, Read and Judge when nobody is told anything any more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/sync/mutex.h"
#include "firstline/v1/event.pb.h"

namespace firstline::bench {

struct LedgerCheck {
  int64_t acknowledged = 0;  // submissions and cancellations
  int64_t lost = 0;          // of these, not in the history
  int64_t doubled = 0;       // inquiries submitted or cancelled twice, acknowledged or not
  std::string example;       // of what is wrong; "": nothing
};

class Ledger {
 public:
  void Submitted(const std::string& workspace, const std::string& inquiry) {
    Add(workspace, inquiry, 1, 0);
  }
  void Cancelled(const std::string& workspace, const std::string& inquiry) {
    Add(workspace, inquiry, 0, 1);
  }
  // Reads the whole history of each workspace, which must still be retained, and judges. Ends the
  // program when it cannot be read.
  LedgerCheck Check(client::Client& client);

  // What Check does: an event of the workspace's history after the other, then the comparison.
  void Read(const std::string& workspace, const v1::Event& event);
  LedgerCheck Judge();

 private:
  struct Counts {
    int submitted = 0, cancelled = 0;
  };
  using Inquiries = std::map<std::string, Counts>;
  using Workspaces = std::map<std::string, Inquiries>;
  void Add(const std::string& workspace, const std::string& inquiry, int submitted,
           int cancelled);
  void ReadAll(client::Client& client, const std::string& workspace);
  std::vector<std::string> Names();

  sync::Mutex mutex_;
  Workspaces told_ FIRSTLINE_GUARDED_BY(mutex_);
  Workspaces seen_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::bench
