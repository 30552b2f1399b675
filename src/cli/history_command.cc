// minslice history: what a store holds, and how it is made again from the evidence.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/store_flag.h"
#include "gate/dates.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "report/dashboard.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/report.h"
#include "store/store.h"

namespace minslice::cli {
namespace {

using store::StoredRun;
using store::StoredSlice;
using store::StoredVerdict;

constexpr std::size_t kShownId = 8;
constexpr std::size_t kEvidenceHead = std::size_t{1} << 12U;

struct HistoryFlags {
  std::string store;
  std::string suite, candidate, verdict, since;
  std::int64_t limit = 50;
  bool runs = false;
  std::vector<std::string> compare;
  std::string slice;
  std::string html;
  std::vector<std::string> import, rebuild;
  std::string format = "text";
};

std::string ShortId(const std::string& id) { return id.substr(0, kShownId); }

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

template <class T>
json::Value OrNull(const std::optional<T>& value) {
  return value ? json::Value(*value) : json::Value();
}

// "+1.2 [-0.3, +2.6]" in points, of a verdict or of a slice.
template <class T>
std::string DeltaText(const T& item) {
  if (!item.delta) return "-";
  VerdictRow row;
  row.ci_low = item.ci_low;
  row.ci_high = item.ci_high;
  return report::Points(item.delta) + (item.ci_low ? " " + report::IntervalPoints(row) : "");
}

bool Matches(const HistoryFlags& flags, const StoredVerdict& verdict) {
  if (!flags.suite.empty() && verdict.suite != flags.suite && !verdict.suite_key.starts_with(flags.suite))
    return false;
  if (!flags.candidate.empty() && verdict.candidate.find(flags.candidate) == std::string::npos) return false;
  if (!flags.verdict.empty() && verdict.verdict != flags.verdict) return false;
  return flags.since.empty() || verdict.date >= flags.since;
}

std::vector<StoredVerdict> Wanted(const HistoryFlags& flags, std::vector<StoredVerdict> verdicts) {
  std::erase_if(verdicts, [&](const StoredVerdict& verdict) { return !Matches(flags, verdict); });
  return verdicts;
}

// Then the suite is said once and takes no column.
template <class T>
bool OneSuite(const std::vector<T>& items) {
  return std::all_of(items.begin(), items.end(),
                     [&](const T& item) { return item.suite == items.front().suite; });
}

template <class T>
void AddSuite(const std::vector<T>& items, bool one_suite, Listing& listing) {
  const bool said = one_suite && !items.empty();
  listing.Add("suite", said ? "suite" : "", said ? json::Value(items.front().suite) : json::Value());
}

// The newest `limit`, with a line that counts the others.
template <class T>
void Limit(std::int64_t limit, const char* what, std::vector<T>& items, Listing& listing) {
  const auto most = static_cast<std::size_t>(limit);
  if (limit == 0 || items.size() <= most) return;
  listing.notes.push_back(fmt::format("{} older {} are not listed; --limit 0 lists all",
                                      report::Count(static_cast<std::int64_t>(items.size() - most)), what));
  items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(most));
}

void List(const HistoryFlags& flags, const std::string& shown, std::vector<StoredVerdict> verdicts,
          Session& session) {
  Listing listing;
  listing.Add("store", "store", shown);
  const auto held = static_cast<std::int64_t>(verdicts.size());
  verdicts = Wanted(flags, std::move(verdicts));
  const auto matching = static_cast<std::int64_t>(verdicts.size());
  listing.Add("n_verdicts", "verdicts", matching,
              matching == held ? report::Count(held)
                               : fmt::format("{} of {}", report::Count(matching), report::Count(held)));
  Limit(flags.limit, "verdicts", verdicts, listing);
  ListingTable table{
      .key = "verdicts",
      .columns = {"id", "date", "verdict", "exit_code", "suite", "incumbent", "candidate", "n_pairs",
                  "incumbent_rate", "candidate_rate", "delta", "ci_low", "ci_high", "reason"},
      .rows = {},
      .text_columns = {"id", "date", "verdict", "delta, points", "candidate"},
      .texts = {},
      .title = {},
      .cut_from = 4};
  const bool one_suite = OneSuite(verdicts);
  if (!one_suite) table.text_columns.emplace_back("suite");
  AddSuite(verdicts, one_suite, listing);
  for (const StoredVerdict& v : verdicts) {
    table.rows.push_back({v.id, v.date.empty() ? json::Value() : json::Value(v.date), v.verdict, v.exit_code,
                          v.suite, v.incumbent, v.candidate, v.n_pairs, OrNull(v.incumbent_rate),
                          OrNull(v.candidate_rate), OrNull(v.delta), OrNull(v.ci_low), OrNull(v.ci_high),
                          v.reason});
    std::vector<std::string>& texts = table.texts.emplace_back();
    texts = {ShortId(v.id), v.date.empty() ? "-" : v.date, Upper(v.verdict), DeltaText(v), v.candidate};
    if (!one_suite) texts.push_back(v.suite);
  }
  listing.tables.push_back(std::move(table));
  Write({listing}, flags.format, session.out, static_cast<std::size_t>(session.width));
}

void ListRuns(const HistoryFlags& flags, const std::string& shown, std::vector<StoredRun> runs,
              Session& session) {
  Listing listing;
  listing.Add("store", "store", shown);
  std::erase_if(runs, [&](const StoredRun& run) {
    if (!flags.suite.empty() && run.suite != flags.suite) return true;
    if (!flags.candidate.empty() && run.target.find(flags.candidate) == std::string::npos &&
        run.request_model.find(flags.candidate) == std::string::npos)
      return true;
    return !flags.since.empty() && run.started_at.substr(0, 10) < flags.since;
  });
  listing.Add("n_runs", "runs", static_cast<std::int64_t>(runs.size()));
  Limit(flags.limit, "runs", runs, listing);
  ListingTable table{.key = "runs",
                     .columns = {"id", "log_sha256", "started_at", "ended_at", "suite", "target",
                                 "request_model", "shard_index", "shard_of", "repeats", "rows", "pass",
                                 "fail", "model_error", "infra_error", "finished", "spent_usd"},
                     .rows = {},
                     .text_columns = {"id", "date", "rows", "pass", "shard", "finished", "target", "model"},
                     .texts = {},
                     .title = {},
                     .cut_from = 6};
  const bool one_suite = OneSuite(runs);
  if (!one_suite) table.text_columns.emplace_back("suite");
  AddSuite(runs, one_suite, listing);
  for (const StoredRun& r : runs) {
    table.rows.push_back({r.run_id, r.log_sha256, r.started_at, r.ended_at, r.suite, r.target,
                          r.request_model, OrNull(r.shard_index), OrNull(r.shard_of), r.repeats, r.rows,
                          r.passed, r.failed, r.model_errors, r.infra_errors, r.finished,
                          OrNull(r.spent_usd)});
    std::vector<std::string>& texts = table.texts.emplace_back();
    texts = {ShortId(r.run_id),
             r.started_at.empty() ? "-" : r.started_at.substr(0, 10),
             report::Count(r.rows),
             report::Count(r.passed),
             r.shard_of ? fmt::format("{}/{}", r.shard_index.value_or(0), *r.shard_of) : "-",
             r.finished ? "yes" : "no",
             r.target,
             r.request_model};
    if (!one_suite) texts.push_back(r.suite);
  }
  listing.tables.push_back(std::move(table));
  Write({listing}, flags.format, session.out, static_cast<std::size_t>(session.width));
}

Result<StoredVerdict> FindVerdict(const std::vector<StoredVerdict>& verdicts, const std::string& id) {
  std::vector<const StoredVerdict*> found;
  for (const StoredVerdict& verdict : verdicts) {
    if (verdict.id.starts_with(id)) found.push_back(&verdict);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty())
    return Fail("--compare: no verdict of the store has an id that begins with " + io::Quoted(id));
  return Fail(fmt::format("--compare: {} verdicts have an id that begins with {}; give more of it",
                          found.size(), io::Quoted(id)));
}

using SliceName = std::pair<std::string, std::string>;

struct SlicePair {
  const StoredSlice* before = nullptr;
  const StoredSlice* after = nullptr;

  std::string StatusBefore() const { return before == nullptr ? "-" : before->status; }
  std::string StatusAfter() const { return after == nullptr ? "-" : after->status; }
  bool changed() const { return StatusBefore() != StatusAfter(); }
};

Result<void> Compare(const HistoryFlags& flags, const std::vector<StoredVerdict>& verdicts,
                     store::Store& store, Session& session) {
  std::array<StoredVerdict, 2> sides;
  std::array<std::vector<StoredSlice>, 2> slices;
  for (std::size_t i = 0; i < 2; ++i) {
    Result<StoredVerdict> found = FindVerdict(verdicts, flags.compare[i]);
    if (!found) return tl::unexpected(found.error());
    sides[i] = std::move(*found);
    Result<std::vector<StoredSlice>> read = store.Slices(sides[i].id);
    if (!read) return tl::unexpected(read.error());
    slices[i] = std::move(*read);
  }
  Listing listing;
  for (const auto& [key, side] : {std::pair("first", &sides[0]), std::pair("second", &sides[1])}) {
    listing.Add(
        key, key,
        json::Value{{"id", side->id},
                    {"date", side->date.empty() ? json::Value() : json::Value(side->date)},
                    {"verdict", side->verdict},
                    {"suite", side->suite},
                    {"candidate", side->candidate},
                    {"n_pairs", side->n_pairs},
                    {"delta", OrNull(side->delta)},
                    {"ci_low", OrNull(side->ci_low)},
                    {"ci_high", OrNull(side->ci_high)},
                    {"reason", side->reason}},
        fmt::format("{} {} {}, {} of {} pairs: {}", ShortId(side->id), side->date.empty() ? "-" : side->date,
                    Upper(side->verdict), DeltaText(*side), report::Count(side->n_pairs), side->candidate));
  }
  std::map<SliceName, SlicePair> by_name;
  for (const StoredSlice& slice : slices[0]) by_name[{slice.dimension, slice.value}].before = &slice;
  for (const StoredSlice& slice : slices[1]) by_name[{slice.dimension, slice.value}].after = &slice;
  ListingTable table{.key = "slices",
                     .columns = {"dimension", "value", "status_first", "status_second", "delta_first",
                                 "delta_second", "changed"},
                     .rows = {},
                     .text_columns = {"slice", "first", "second", "delta, first", "delta, second"},
                     .texts = {},
                     .title = "slices whose status changed",
                     .cut_from = 0};
  std::int64_t same = 0;
  for (const auto& [name, pair] : by_name) {
    const auto delta = [](const StoredSlice* slice) {
      return slice == nullptr ? std::optional<double>() : slice->delta;
    };
    table.rows.push_back({name.first, name.second, pair.StatusBefore(), pair.StatusAfter(),
                          OrNull(delta(pair.before)), OrNull(delta(pair.after)), pair.changed()});
    if (!pair.changed()) {
      ++same;
      continue;
    }
    table.texts.push_back({name.first + ":" + name.second, pair.StatusBefore(), pair.StatusAfter(),
                           report::Points(delta(pair.before)), report::Points(delta(pair.after))});
  }
  if (table.texts.empty()) {
    table.text_columns = {"slice"};
    table.texts = {{"none"}};
  }
  listing.tables.push_back(std::move(table));
  listing.Add("same_status", "", same);
  listing.notes.push_back(fmt::format("{} slices kept their status", report::Count(same)));
  if (sides[0].suite_key != sides[1].suite_key)
    listing.notes.emplace_back(
        "the verdicts are about different suites: their figures answer different prompts");
  listing.notes.emplace_back(
      "each delta is against its own incumbent; minslice compare says whether one candidate is better than "
      "the other");
  Write({listing}, flags.format, session.out, static_cast<std::size_t>(session.width));
  return {};
}

// "flow:refund" names a dimension; "refund" may be in several.
Result<void> Trend(const HistoryFlags& flags, const std::vector<StoredVerdict>& verdicts, store::Store& store,
                   Session& session) {
  const std::size_t colon = flags.slice.find(':');
  Result<std::vector<StoredSlice>> slices = store.SlicesNamed("", flags.slice);
  if (slices && slices->empty() && colon != std::string::npos)
    slices = store.SlicesNamed(flags.slice.substr(0, colon), flags.slice.substr(colon + 1));
  if (!slices) return tl::unexpected(slices.error());
  std::map<std::string, std::vector<const StoredSlice*>> by_verdict;
  std::map<std::string, int> dimensions;
  for (const StoredSlice& slice : *slices) {
    by_verdict[slice.verdict_id].push_back(&slice);
    ++dimensions[slice.dimension];
  }
  if (slices->empty()) return Fail("--slice: no verdict of the store has a slice " + io::Quoted(flags.slice));
  if (dimensions.size() > 1) {
    std::string names;
    for (const auto& [name, n] : dimensions) names += (names.empty() ? "" : ", ") + io::Quoted(name);
    return Fail(fmt::format("--slice: {} is a value of several dimensions ({}); give DIMENSION:VALUE",
                            io::Quoted(flags.slice), names));
  }
  Listing listing;
  listing.Add("dimension", "dimension", slices->front().dimension);
  listing.Add("value", "slice", slices->front().value);
  std::vector<StoredVerdict> wanted = Wanted(flags, verdicts);
  std::erase_if(wanted, [&](const StoredVerdict& verdict) { return by_verdict.count(verdict.id) == 0; });
  Limit(flags.limit, "verdicts", wanted, listing);
  ListingTable table{
      .key = "trend",
      .columns = {"verdict_id", "date", "verdict", "candidate", "status", "n_pairs", "incumbent_rate",
                  "candidate_rate", "delta", "ci_low", "ci_high", "broke", "fixed"},
      .rows = {},
      .text_columns = {"verdict", "date", "pairs", "before", "after", "delta, points", "status"},
      .texts = {},
      .title = "before and after in %",
      .cut_from = 6};
  for (const StoredVerdict& verdict : wanted) {
    for (const StoredSlice* s : by_verdict[verdict.id]) {
      table.rows.push_back({verdict.id, verdict.date.empty() ? json::Value() : json::Value(verdict.date),
                            verdict.verdict, verdict.candidate, s->status, s->n_pairs,
                            OrNull(s->incumbent_rate), OrNull(s->candidate_rate), OrNull(s->delta),
                            OrNull(s->ci_low), OrNull(s->ci_high), s->broke, s->fixed});
      table.texts.push_back({ShortId(verdict.id), verdict.date.empty() ? "-" : verdict.date,
                             report::Count(s->n_pairs), report::Rate(s->incumbent_rate),
                             report::Rate(s->candidate_rate), DeltaText(*s), s->status});
    }
  }
  listing.tables.push_back(std::move(table));
  Write({listing}, flags.format, session.out, static_cast<std::size_t>(session.width));
  return {};
}

Result<void> WriteTrendPage(const HistoryFlags& flags, const std::vector<StoredVerdict>& verdicts,
                            store::Store& store) {
  std::vector<report::TrendRun> runs;
  for (const StoredVerdict& verdict : verdicts) {
    const Result<std::string> json = store.VerdictJson(verdict.id);
    if (!json) return tl::unexpected(json.error());
    Result<Verdict> parsed = report::ParseVerdictJson(*json, "verdict " + ShortId(verdict.id));
    if (!parsed) return tl::unexpected(parsed.error());
    runs.push_back({ShortId(verdict.id), std::move(*parsed)});
  }
  if (runs.empty()) return Fail("--html: the store holds no such verdict");
  return io::RealFileSystem().WriteFile(flags.html, report::TrendPage(runs));
}

// A log's first line is its run record; a verdict says its version before anything that others named.
bool LooksLikeVerdict(const std::string& head) {
  return head.find("\"verdict_version\"") < head.find("\"record\"");
}

struct Added {
  std::int64_t logs = 0, verdicts = 0, known = 0;
};

// A verdict.json or a log, by how it begins.
Result<void> AddEvidence(const std::string& path, store::Store& store, Added& added) {
  const auto stream = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!stream) return tl::unexpected(stream.error());
  std::string head(kEvidenceHead, '\0');
  std::size_t filled = 0;
  while (filled < head.size()) {
    const Result<std::size_t> read = (*stream)->Read(head.data() + filled, head.size() - filled);
    if (!read) return tl::unexpected(read.error());
    if (*read == 0) break;
    filled += *read;
  }
  head.resize(filled);
  if (!LooksLikeVerdict(head)) {
    const Result<bool> put = store.PutLog(path);
    if (!put) return tl::unexpected(put.error());
    ++(*put ? added.logs : added.known);
    return {};
  }
  const Result<std::string> json = io::ReadPlain(io::RealFileSystem(), path);
  if (!json) return tl::unexpected(json.error());
  const Result<Verdict> verdict = report::ParseVerdictJson(*json, path);
  if (!verdict) return tl::unexpected(verdict.error());
  const Result<bool> put = store.PutVerdict(*verdict, *json, KeysFor(*verdict));
  if (!put) return tl::unexpected(put.error());
  ++(*put ? added.verdicts : added.known);
  return {};
}

// All of it or nothing.
Result<void> Import(const HistoryFlags& flags, const store::Address& address, Session& session) {
  const auto opened = store::Store::Open(address, store::Store::Mode::kWrite);
  if (!opened) return tl::unexpected(opened.error());
  store::Store& store = **opened;
  if (Result<void> begun = store.Begin(); !begun) return begun;
  if (!flags.rebuild.empty()) {
    const Result<bool> empty = store.Empty();
    if (!empty) return tl::unexpected(empty.error());
    if (!*empty) {
      return FailAt({address.shown, 0, 0},
                    "holds runs or verdicts; --rebuild wants an empty store, --import adds to one");
    }
  }
  Added added;
  io::Diagnostics diagnostics;
  for (const std::string& path : flags.rebuild.empty() ? flags.import : flags.rebuild) {
    Result<void> done = AddEvidence(path, store, added);
    if (done) continue;
    if (done.error().kind == Failure::Kind::kInternal) return done;
    diagnostics.AddAll(done.error());
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  if (Result<void> committed = store.Commit(); !committed) return committed;
  session.out << fmt::format("{}: {} logs and {} verdicts added, {} were there already\n",
                             report::EscapeTerminal(address.shown), added.logs, added.verdicts, added.known);
  return {};
}

Result<void> Check(const HistoryFlags& flags) {
  const int modes = (flags.runs ? 1 : 0) + (flags.compare.empty() ? 0 : 1) + (flags.slice.empty() ? 0 : 1) +
                    (flags.html.empty() ? 0 : 1) + (flags.import.empty() ? 0 : 1) +
                    (flags.rebuild.empty() ? 0 : 1);
  if (modes > 1)
    return Fail("expected one of --runs, --compare, --slice, --html, --import and --rebuild at a time");
  if (!flags.since.empty() && !gate::DayOf(flags.since))
    return Fail("--since: expected a date as 2026-11-20, found " + io::Quoted(flags.since));
  return {};
}

Result<void> Show(const HistoryFlags& flags, const store::Address& address, Session& session) {
  const auto opened = store::Store::Open(address, store::Store::Mode::kRead);
  if (!opened) return tl::unexpected(opened.error());
  store::Store& store = **opened;
  if (flags.runs) {
    Result<std::vector<StoredRun>> runs = store.Runs();
    if (!runs) return tl::unexpected(runs.error());
    ListRuns(flags, address.shown, std::move(*runs), session);
    return {};
  }
  Result<std::vector<StoredVerdict>> verdicts = store.Verdicts();
  if (!verdicts) return tl::unexpected(verdicts.error());
  if (!flags.compare.empty()) return Compare(flags, *verdicts, store, session);
  if (!flags.slice.empty()) return Trend(flags, *verdicts, store, session);
  if (!flags.html.empty()) return WriteTrendPage(flags, Wanted(flags, std::move(*verdicts)), store);
  List(flags, address.shown, std::move(*verdicts), session);
  return {};
}

void RunHistory(const HistoryFlags& flags, Session& session) {
  if (const Result<void> good = Check(flags); !good) return session.Report(good.error());
  const Result<store::Address> address = ReadStoreFlag(flags.store);
  if (!address) return session.Report(address.error());
  const bool writes = !flags.import.empty() || !flags.rebuild.empty();
  const Result<void> done = writes ? Import(flags, *address, session) : Show(flags, *address, session);
  if (!done) session.Report(done.error());
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<HistoryFlags>();
  CLI::App* command = app.add_subcommand(
      "history", "what gate --store and run --store kept: verdicts, runs, slices over time");
  AddStoreFlag(*command, flags->store,
               "sqlite:FILE, or postgres://USER@HOST/DATABASE; a password comes as ${NAME} or PGPASSWORD")
      ->required();
  command->add_option("--suite", flags->suite, "of one suite: its name, or how its digest begins")
      ->type_name("SUITE");
  command->add_option("--candidate", flags->candidate, "whose model has this in its name")->type_name("TEXT");
  command->add_option("--verdict", flags->verdict, "of this kind")
      ->type_name("VERDICT")
      ->check(CLI::IsMember({"promote", "hold", "inconclusive", "blocked", "invalid"}));
  command->add_option("--since", flags->since, "whose candidate ran on that day or later")
      ->type_name("YYYY-MM-DD");
  AddRowsFlag(*command, "--limit", flags->limit, "the newest so many");
  command->add_flag("--runs", flags->runs, "the runs instead of the verdicts");
  command
      ->add_option("--compare", flags->compare, "two verdicts, by how their ids begin: which slices changed")
      ->type_name("ID ID")
      ->expected(2);
  command->add_option("--slice", flags->slice, "one slice over all verdicts: VALUE, or DIMENSION:VALUE")
      ->type_name("SLICE");
  command->add_option("--html", flags->html, "write the trend page of the verdicts, oldest first")
      ->type_name("FILE");
  command->add_option("--import", flags->import, "add logs and verdict.json files that are not there yet")
      ->type_name("FILE");
  command
      ->add_option("--rebuild", flags->rebuild,
                   "the same into an empty store; verdicts in the order of the gates")
      ->type_name("FILE");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Lists verdicts, oldest first; the date is that of the candidate's run.\n\n"
      "Example:\n"
      "  minslice gate gates/default.yaml --incumbent incumbent.jsonl \\\n"
      "    --candidate candidate.jsonl --store sqlite:evals.db\n"
      "  minslice history --store sqlite:evals.db --since 2026-11-01\n"
      "  minslice history --store sqlite:new.db --rebuild incumbent.jsonl \\\n"
      "    candidate.jsonl report/verdict.json");
  command->callback([flags, &session] { RunHistory(*flags, session); });
}

}  // namespace minslice::cli
