// A file that holds a whole workspace on its way from one Redis to another: a stream of entries with
// a checksum at its end, written and read without holding more than one of them.
//
//   TransferWriter writer(stream);
//   writer.Add({EntryKind::kHeader, "workspace", "shop"});
//   ...
//   writer.Finish();
//
//   TransferReader reader(stream);
//   for (Entry entry; reader.Next(entry);) ...
//   if (!reader.status().ok()) ...   // damaged, cut off, of another version
//
// Layout: the line "firstline-workspace 1\n", then entries: one byte of kind, length of the key and
// of the bytes (four bytes each, the lowest first), key, bytes. The last one is of kind kEnd: how
// many entries stand before it as its key, and as its bytes the SHA-256 of all bytes before it.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace firstline::store {

inline constexpr char kTransferMagic[] = "firstline-workspace 1\n";
// What Redis and the router could have written: ids are short, records far below a message.
inline constexpr uint32_t kTransferKeyBytesMax = 64 << 10;
inline constexpr uint32_t kTransferBytesMax = 64 << 20;

enum class EntryKind : char {
  kHeader = 'h',   // key: name
  kMeta = 'm',     // a record of that table, as in Redis' keys
  kInquiry = 'i',
  kAgent = 'a',
  kRequest = 'r',
  kEvent = 'e',    // key: the event's id
  kEnd = 'z',
};

struct Entry {
  EntryKind kind = EntryKind::kHeader;
  std::string key;
  std::string bytes;
  friend bool operator==(const Entry&, const Entry&) = default;
};

class TransferWriter {
 public:
  // `out` must outlive it.
  explicit TransferWriter(std::ostream& out);
  ~TransferWriter();

  void Add(const Entry& entry);
  // Once, at the end. UNAVAILABLE when something could not be written.
  absl::Status Finish();
  uint64_t entries() const { return entries_; }

 private:
  class Digest;
  void Write(const std::string& bytes);

  std::ostream& out_;
  std::unique_ptr<Digest> digest_;
  uint64_t entries_ = 0;
};

class TransferReader {
 public:
  // `in` must outlive it.
  explicit TransferReader(std::istream& in);
  ~TransferReader();

  // False at the end, be it a good one or not. Entries must not be trusted before the end was good.
  bool Next(Entry& entry);
  // OK while entries come and after a good end; INVALID_ARGUMENT says what is wrong with the file.
  const absl::Status& status() const { return status_; }

 private:
  class Digest;
  bool Fail(const std::string& what);
  bool Read(std::string& bytes, size_t size);
  bool End(const Entry& entry, const std::string& digest);

  std::istream& in_;
  std::unique_ptr<Digest> digest_;
  absl::Status status_;
  uint64_t entries_ = 0;
  bool ended_ = false;
};

}  // namespace firstline::store
