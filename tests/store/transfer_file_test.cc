#include "services/router/store/transfer_file.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "services/router/store/redis_transfer.h"

namespace firstline::store {
namespace {

std::vector<Entry> Sample() {
  return {{EntryKind::kHeader, "workspace", "shop"},
          {EntryKind::kHeader, "epoch", "7"},
          {EntryKind::kHeader, "sequence", "42"},
          {EntryKind::kMeta, "config", std::string("\0\xff\n", 3)},
          {EntryKind::kInquiry, "i1", std::string(5000, 'x')},
          {EntryKind::kAgent, "ann", ""},
          {EntryKind::kRequest, "", "r"},
          {EntryKind::kEvent, "7-1", "one"},
          {EntryKind::kEvent, "7-2", "two"}};
}

std::string Written(const std::vector<Entry>& entries) {
  std::ostringstream out;
  TransferWriter writer(out);
  for (const Entry& entry : entries) writer.Add(entry);
  EXPECT_TRUE(writer.Finish().ok());
  return out.str();
}

absl::Status ReadAll(const std::string& bytes, std::vector<Entry>* entries = nullptr) {
  std::istringstream in(bytes);
  TransferReader reader(in);
  for (Entry entry; reader.Next(entry);) {
    if (entries != nullptr) entries->push_back(entry);
  }
  return reader.status();
}

absl::Status Check(const std::vector<Entry>& entries) {
  std::istringstream in(Written(entries));
  return CheckTransfer(in).status();
}

TEST(TransferFileTest, WhatIsWrittenIsRead) {
  std::vector<Entry> read;
  ASSERT_TRUE(ReadAll(Written(Sample()), &read).ok());
  EXPECT_EQ(read, Sample());
  std::istringstream in(Written(Sample()));
  const auto summary = CheckTransfer(in);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->workspace, "shop");
  EXPECT_EQ(summary->epoch, 7u);
  EXPECT_EQ(summary->sequence, 42u);
  EXPECT_EQ(summary->inquiries, 1u);
  EXPECT_EQ(summary->agents, 1u);
  EXPECT_EQ(summary->requests, 1u);
  EXPECT_EQ(summary->events, 2u);
}

TEST(TransferFileTest, EveryFlippedBitAndEveryCutIsFound) {
  std::vector<Entry> entries = Sample();
  entries[4].bytes.resize(50);
  const std::string good = Written(entries);
  for (size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(ReadAll(good.substr(0, at)).ok()) << at;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(ReadAll(bad).ok()) << at << "." << bit;
    }
  }
  EXPECT_FALSE(ReadAll(good + "x").ok());
}

TEST(TransferFileTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kTransferMagic;
    for (unsigned n = random() % 64; n > 0; --n) {
      bytes += random() % 3 == 0 ? "hmiarez"[random() % 7] : static_cast<char>(random() % 4);
    }
    EXPECT_FALSE(ReadAll(bytes).ok());
  }
}

TEST(TransferFileTest, EntriesMustBeWhatAnExportWrites) {
  EXPECT_TRUE(Check(Sample()).ok());
  std::vector<Entry> entries = Sample();
  entries.erase(entries.begin());
  EXPECT_FALSE(Check(entries).ok());
  EXPECT_FALSE(Check({}).ok());
  for (const char* name : {"", "a b", "a:b", "{a}", "a/b"}) {
    entries = Sample();
    entries[0].bytes = name;
    EXPECT_FALSE(Check(entries).ok()) << name;
  }
  entries = Sample();
  entries[0].bytes = std::string(65, 'a');
  EXPECT_FALSE(Check(entries).ok());
  entries = Sample();
  std::swap(entries[7], entries[8]);
  EXPECT_FALSE(Check(entries).ok()) << "events out of order";
  for (const char* id : {"7", "7-", "-1", "7-0x", "8-1"}) {
    entries = Sample();
    entries[8].key = id;
    EXPECT_FALSE(Check(entries).ok()) << id;
  }
  entries = Sample();
  entries.push_back(entries[0]);
  EXPECT_FALSE(Check(entries).ok()) << "a second header";
}

}  // namespace
}  // namespace firstline::store
