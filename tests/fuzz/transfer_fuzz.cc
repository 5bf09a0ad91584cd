// The reader of exported workspaces: bytes from outside are an error or entries that, written again,
// are the same bytes.
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "services/router/store/redis_transfer.h"
#include "services/router/store/transfer_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace firstline::store;
  const std::string bytes = kTransferMagic + std::string(reinterpret_cast<const char*>(data), size);
  std::istringstream in(bytes), again(bytes);
  TransferReader reader(in);
  std::vector<Entry> entries;
  for (Entry entry; reader.Next(entry);) entries.push_back(entry);
  const auto checked = CheckTransfer(again);
  if (checked.ok() && !reader.status().ok()) std::abort();
  if (!reader.status().ok()) return 0;
  std::ostringstream out;
  TransferWriter writer(out);
  for (const Entry& entry : entries) writer.Add(entry);
  if (!writer.Finish().ok() || out.str() != bytes) std::abort();
  return 0;
}
