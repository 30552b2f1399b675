#include "suite/case_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "io/looks_like.h"
#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::suite {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kLeastSlots = 64;
constexpr std::size_t kMostCases = 2000000000;  // an index and a flag fit into 32 bits

std::uint64_t HashOf(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

}  // namespace

Result<void> CaseFiles::Add(const std::string& path, io::Diagnostics& diagnostics,
                            const std::function<bool(Case&& c)>& keep) {
  Result<std::unique_ptr<io::RandomFile>> bytes = files_.OpenRandom(path);
  if (!bytes) return tl::unexpected(bytes.error());
  sources_.push_back({path, std::move(*bytes), lines_.size()});
  const File& file = sources_.back();
  std::string block;
  std::size_t want = kBlock;
  Line place;
  bool any = false;
  for (bool last = false; !last;) {
    if (Result<void> read = file.bytes->ReadAt(place.offset, want, block); !read)
      return tl::unexpected(read.error());
    last = block.size() < want;
    std::string_view rest(block);
    if (place.offset == 0) {
      rest = io::SkipByteOrderMark(rest);
      place.offset = static_cast<std::int64_t>(block.size() - rest.size());
    }
    want = kBlock;
    while (!rest.empty()) {
      const std::size_t newline = rest.find('\n');
      if (newline == std::string_view::npos && !last) {
        want = std::max(kBlock, 2 * rest.size());  // of a line that is longer than a block
        break;
      }
      const std::string_view content = rest.substr(0, newline);
      const std::size_t whole = newline == std::string_view::npos ? rest.size() : newline + 1;
      ++place.number;
      const std::size_t first = content.find_first_not_of(" \t\r");
      if (first != std::string_view::npos) {
        if (!any && content[first] == '[') {
          // A whole-file list would otherwise give one error for each of its lines.
          diagnostics.Add({path, static_cast<int>(place.number), static_cast<int>(first) + 1},
                          "expected JSON Lines (one case object a line), found a list");
          return {};
        }
        if (!any && (content.starts_with("{\"record\":") || content.starts_with("{\"counts_version\":"))) {
          const std::string looks = io::LooksLike(content);
          diagnostics.Add(
              {path, static_cast<int>(place.number), 0},
              "expected cases of a suite, found what looks like " + looks.substr(0, looks.find(':')));
          return {};
        }
        any = true;
        Take(file, content, place, diagnostics, keep);
      }
      rest.remove_prefix(whole);
      place.offset += static_cast<std::int64_t>(whole);
    }
  }
  if (!any) diagnostics.Add({path, 0, 0}, "expected at least one case, found none");
  return {};
}

void CaseFiles::Take(const File& file, std::string_view content, const Line& place,
                     io::Diagnostics& diagnostics, const std::function<bool(Case&& c)>& keep) {
  std::optional<CaseLine> read =
      ReadCaseLine(content, {file.path, static_cast<int>(place.number), 1}, rules_, diagnostics);
  if (!read) return;
  if (content.size() > UINT32_MAX || lines_.size() == kMostCases) {
    diagnostics.Add(read->c.where, fmt::format("expected at most {} cases of 4 GiB each", kMostCases));
    return;
  }
  const std::string& id = read->c.id;
  Line line = place;
  line.length = static_cast<std::uint32_t>(content.size());
  line.hash = HashOf(content);
  line.id_hash = HashOf(id);
  if (2 * (lines_.size() + 1) > table_.size()) Rehash(std::max(kLeastSlots, 2 * table_.size()));
  const std::size_t slot = Slot(line.id_hash, [&](std::size_t i) { return IdOf(i) == id; });
  if (table_[slot] != 0) {
    const std::size_t first = table_[slot] - 1;
    diagnostics.Add(read->id_where, fmt::format("id {} is taken already, by {}:{}", io::Quoted(id),
                                                FileOf(first).path, lines_[first].number));
    return;
  }
  ascending_ = ascending_ && (lines_.empty() || IdOf(lines_.size() - 1) < id);
  lines_.push_back(line);
  table_[slot] = static_cast<std::uint32_t>(lines_.size());
  ids_ += id;
  id_ends_.push_back(ids_.size());
  if (ascending_ && read->valid) {
    hash_.Update(read->canonical);
    hash_.Update("\n");
  }
  kept_.push_back(read->valid && keep(std::move(read->c)));
}

Result<std::string> CaseFiles::Finish() {
  io::Sha256 hash;
  if (!ascending_) {
    std::vector<std::uint32_t> order(lines_.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return IdOf(a) < IdOf(b); });
    for (const std::uint32_t i : order) {
      const Result<CaseLine> line = Read(lines_[i], FileOf(i));
      if (!line) return tl::unexpected(line.error());
      hash.Update(line->canonical);
      hash.Update("\n");
    }
  }
  KeepOnly();
  return (ascending_ ? hash_ : hash).HexDigest();
}

void CaseFiles::KeepOnly() {
  std::size_t kept = 0;
  std::size_t i = 0;
  for (std::size_t f = 0; f < sources_.size(); ++f) {
    const std::size_t end = f + 1 < sources_.size() ? sources_[f + 1].begin : lines_.size();
    sources_[f].begin = kept;
    for (; i < end; ++i) {
      if (kept_[i]) lines_[kept++] = lines_[i];
    }
  }
  lines_.resize(kept);
  lines_.shrink_to_fit();
  ids_ = {};
  id_ends_ = {};
  kept_ = {};
  std::size_t slots = kLeastSlots;
  while (slots < 2 * kept) slots *= 2;
  Rehash(slots);
}

Result<Case> CaseFiles::At(std::size_t index) {
  Result<CaseLine> line = Read(lines_[index], FileOf(index));
  if (!line) return tl::unexpected(line.error());
  return std::move(line->c);
}

std::optional<std::size_t> CaseFiles::Find(std::string_view id) {
  // That an id which is none of the suite's has the hash of one that is: 64 bits stand against it.
  const std::size_t slot = Slot(HashOf(id), [&](std::size_t i) {
    if (!ambiguous_) return true;
    const Result<Case> c = At(i);
    return c && c->id == id;
  });
  if (table_.empty() || table_[slot] == 0) return std::nullopt;
  return table_[slot] - 1;
}

Result<CaseLine> CaseFiles::Read(const Line& line, const File& file) {
  const SourcePosition where{file.path, static_cast<int>(line.number), 1};
  if (Result<void> read = file.bytes->ReadAt(line.offset, line.length, scratch_); !read)
    return tl::unexpected(read.error());
  io::Diagnostics diagnostics;
  std::optional<CaseLine> found;
  if (scratch_.size() == line.length && HashOf(scratch_) == line.hash)
    found = ReadCaseLine(scratch_, where, rules_, diagnostics);
  if (!found || !found->valid) {
    return FailAt({file.path, where.line, 0},
                  "is not the case any more that was checked: the file was changed while it was in use");
  }
  return std::move(*found);
}

const CaseFiles::File& CaseFiles::FileOf(std::size_t index) const {
  const auto after = std::upper_bound(sources_.begin(), sources_.end(), index,
                                      [](std::size_t i, const File& file) { return i < file.begin; });
  return *std::prev(after);
}

std::string_view CaseFiles::IdOf(std::size_t index) const {
  const std::uint64_t begin = index == 0 ? 0 : id_ends_[index - 1];
  return std::string_view(ids_).substr(begin, id_ends_[index] - begin);
}

template <class Same>
std::size_t CaseFiles::Slot(std::uint64_t id_hash, const Same& same) const {
  if (table_.empty()) return 0;
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = id_hash & mask;
  while (table_[slot] != 0) {
    const std::size_t i = table_[slot] - 1;
    if (lines_[i].id_hash == id_hash && same(i)) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void CaseFiles::Rehash(std::size_t slots) {
  table_.assign(slots, 0);
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::size_t slot = Slot(lines_[i].id_hash, [&](std::size_t) {
      ambiguous_ = true;  // ids are unique: two lines of one hash are two ids
      return false;
    });
    table_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace minslice::suite
