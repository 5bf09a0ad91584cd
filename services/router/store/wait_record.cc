#include "services/router/store/wait_record.h"

#include "firstline/internal/v1/record.pb.h"
#include "services/router/store/record_format.h"

namespace firstline::store {

namespace records = internal::v1;

std::string EncodeWaits(const engine::WaitHistory& history) {
  const engine::WaitHistory::State& state = history.state();
  records::WaitRecord record;
  record.set_mark_us(state.mark.us);
  record.set_starts(state.starts);
  record.set_busy_us(state.busy_us);
  record.set_squares(state.squares);
  record.set_given_up(state.given_up);
  record.set_waited_us(state.waited_us);
  return Pack(record);
}

absl::StatusOr<engine::WaitHistory> DecodeWaits(std::string_view bytes) {
  records::WaitRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  return engine::WaitHistory::Of({.mark = {record.mark_us()},
                                  .starts = record.starts(),
                                  .busy_us = record.busy_us(),
                                  .squares = record.squares(),
                                  .given_up = record.given_up(),
                                  .waited_us = record.waited_us()});
}

}  // namespace firstline::store
