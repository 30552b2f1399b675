#include "reduce/sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string_view>

#include "minslice/case_counts.h"

namespace minslice::reduce {
namespace {

// 'text' as SQL has it.
std::string Text(std::string_view text, Engine engine) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += engine == Engine::kSpark ? "\\" : "'";
    if (c == '\\' && engine == Engine::kSpark) quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// A path of files for Spark's text.`...`; "schema.table" and names that need quotes for tables.
std::string Name(std::string_view name, char quote) {
  std::string quoted(1, quote);
  for (const char c : name) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

// Spark plans each relation of a query anew wherever it stands: the files of a folder are one, as a pattern.
// A name that a pattern would not take as it is stays by itself.
std::vector<std::string> Globbed(const std::vector<std::string>& files) {
  std::vector<std::string> relations;
  std::map<std::string_view, std::vector<std::string_view>> folders;
  for (const std::string& file : files) {
    const std::size_t slash = file.rfind('/');
    const bool plain = slash != std::string::npos && file.find_first_of("{}[]*?\\,") == std::string::npos;
    if (plain) {
      folders[std::string_view(file).substr(0, slash + 1)].push_back(
          std::string_view(file).substr(slash + 1));
    } else {
      relations.push_back(file);
    }
  }
  for (const auto& [folder, names] : folders) {
    relations.push_back(names.size() == 1 ? fmt::format("{}{}", folder, names.front())
                                          : fmt::format("{}{{{}}}", folder, fmt::join(names, ",")));
  }
  return relations;
}

struct Column {
  const char* name;
  const char* duckdb;
  const char* postgres;
  const char* spark;
};

constexpr Column kColumns[] = {
    {"record", "VARCHAR", "text", "STRING"},
    {"case_id", "VARCHAR", "text", "STRING"},
    {"repeat", "BIGINT", "bigint", "BIGINT"},
    {"outcome", "VARCHAR", "text", "STRING"},
    {"scores", "JSON", "jsonb", "STRING"},
    {"segments", "JSON", "jsonb", "STRING"},
    {"cluster", "VARCHAR", "text", "STRING"},
    {"prompt_sha256", "VARCHAR", "text", "STRING"},
    {"response_model", "VARCHAR", "text", "STRING"},
    {"system_fingerprint", "VARCHAR", "text", "STRING"},
    {"via", "JSON", "jsonb", "STRING"},
    {"input_tokens", "BIGINT", "bigint", "BIGINT"},
    {"output_tokens", "BIGINT", "bigint", "BIGINT"},
    {"cost_usd", "DOUBLE", "double precision", "DOUBLE"},
    {"latency_ms", "DOUBLE", "double precision", "DOUBLE"},
};

class Query {
 public:
  explicit Query(const SqlOptions& options) : o_(options) {}

  std::string Build() {
    std::string text = fmt::format("WITH minslice_raw AS (\n{}\n),\n", Raw());
    text += fmt::format("minslice_ranked AS {}(\n{}\n),\n", materialized(), Ranked());
    text += "minslice_rows AS (SELECT * FROM minslice_ranked WHERE place = 1),\n";
    text += fmt::format("minslice_cases AS {}(\n{}\n)\n", materialized(), Cases());
    text += Results();
    return text + "\n";
  }

 private:
  const char* materialized() const { return o_.engine == Engine::kSpark ? "" : "MATERIALIZED "; }
  const char* big() const { return o_.engine == Engine::kPostgres ? "bigint" : "BIGINT"; }
  const char* real() const { return o_.engine == Engine::kPostgres ? "double precision" : "DOUBLE"; }
  const char* string() const { return o_.engine == Engine::kSpark ? "STRING" : "VARCHAR"; }

  std::string From(const std::string& where, int side) const {
    std::string columns;
    std::string typed;
    for (const Column& column : kColumns) {
      if (!columns.empty()) columns += ", ";
      if (!typed.empty()) typed += ", ";
      switch (o_.engine) {
        case Engine::kDuckDb:
          typed += fmt::format("{}: '{}'", column.name, column.duckdb);
          columns += column.name;
          break;
        case Engine::kPostgres:
          typed += fmt::format("{} {}", column.name, column.postgres);
          columns += column.name;
          break;
        case Engine::kSpark:
          typed += fmt::format("{} {}", column.name, column.spark);
          columns += o_.source == Source::kJsonl ? fmt::format("row.{0} AS {0}", column.name) : column.name;
          break;
      }
    }
    std::string from;
    if (o_.source == Source::kTable) {
      from = where;  // a name as the user has it: schema.table
    } else if (o_.engine == Engine::kDuckDb) {
      from = o_.source == Source::kParquet
                 ? fmt::format("read_parquet({})", Text(where, o_.engine))
                 : fmt::format(
                       "read_json({}, format = 'newline_delimited', maximum_object_size = 67108864,\n"
                       "      columns = {{{}}})",
                       Text(where, o_.engine), typed);
    } else if (o_.engine == Engine::kSpark) {
      from = o_.source == Source::kParquet
                 ? "parquet." + Name(where, '`')
                 : fmt::format("(SELECT from_json(value, {}) AS row FROM text.{}) AS lines",
                               Text(typed, o_.engine), Name(where, '`'));
    } else {
      // Lines of a log in a table of one column, `line`.
      from = fmt::format("{} AS lines, jsonb_to_record(lines.line::jsonb) AS row({})", where, typed);
    }
    const char* record = o_.engine == Engine::kSpark && o_.source == Source::kJsonl ? "row.record" : "record";
    return fmt::format("  SELECT {} AS side, {}\n  FROM {}\n  WHERE {} = 'case'", side, columns, from,
                       record);
  }

  std::string Raw() const {
    std::string text;
    for (int side = 0; side < 2; ++side) {
      const std::vector<std::string>& logs = side == 0 ? o_.incumbent : o_.candidate;
      for (const std::string& where : o_.engine == Engine::kSpark ? Globbed(logs) : logs) {
        if (!text.empty()) text += "\n  UNION ALL\n";
        text += From(where, side);
      }
    }
    return text;
  }

  // JSON text of the segments, null where there are none.
  std::string Segments() const {
    switch (o_.engine) {
      case Engine::kDuckDb:
        return "nullif(nullif(CAST(segments AS VARCHAR), '{}'), 'null')";
      case Engine::kPostgres:
        return "nullif(nullif(CAST(segments AS text), '{}'), 'null')";
      case Engine::kSpark:
        return "nullif(to_json(map_from_entries(array_sort(map_entries(from_json(segments, "
               "'map<string,string>'))))), "
               "'{}')";
    }
    return "";
  }

  std::string Via(const char* key) const {
    switch (o_.engine) {
      case Engine::kDuckDb:
        return fmt::format("json_extract_string(via, '$.{}')", key);
      case Engine::kPostgres:
        return fmt::format("CAST(via AS jsonb) ->> '{}'", key);
      case Engine::kSpark:
        return fmt::format("get_json_object(via, '$.{}')", key);
    }
    return "";
  }

  std::string Score(const std::string& metric) const {
    std::string value;
    switch (o_.engine) {
      case Engine::kDuckDb:
        // ->> with a bare name takes it as a key, whatever is in it.
        value = fmt::format("json_extract_string(scores, {})", Text("/" + Pointer(metric), o_.engine));
        break;
      case Engine::kPostgres:
        value = fmt::format("CAST(scores AS jsonb) ->> {}", Text(metric, o_.engine));
        break;
      case Engine::kSpark:
        value =
            fmt::format("element_at(from_json(scores, 'map<string,string>'), {})", Text(metric, o_.engine));
        break;
    }
    return fmt::format("CAST({} AS {})", value, real());
  }

  // A JSON pointer's token.
  static std::string Pointer(std::string_view name) {
    std::string text;
    for (const char c : name) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
    return text;
  }

  std::string Units(const std::string& value, double units) const {
    return fmt::format("CAST(floor({} * CAST({:.0f} AS {}) + CAST(0.5 AS {})) AS {})", value, units, real(),
                       real(), big());
  }

  // LatencyClass of minslice/case_counts.h.
  std::string LatencyLadder() const {
    std::string text = "CASE";
    const auto step = [&](const std::string& top, const std::string& share, const char* microseconds) {
      text += fmt::format("\n      WHEN latency_ms < {} THEN CAST(floor({}) AS {}) * {}", top, share, big(),
                          microseconds);
    };
    text += "\n      WHEN latency_ms IS NULL OR NOT latency_ms >= 0 THEN NULL";
    step("1", "latency_ms * 1000", "1");
    step("10", "latency_ms * 100", "10");
    step("100", "latency_ms * 10", "100");
    std::string per_class = "1";
    for (int digits = 3; digits < 9; ++digits) {
      step("1" + std::string(static_cast<std::size_t>(digits), '0'), "latency_ms / " + per_class,
           (per_class + "000").c_str());
      per_class += '0';
    }
    return text + fmt::format("\n      ELSE CAST(1000000000000 AS {}) END", big());
  }

  // A later row takes the place of an infra_error, as in the log reader; two graded rows are refused below.
  std::string Ranked() const {
    std::string scores;
    for (std::size_t m = 0; m < o_.metrics.size(); ++m)
      scores += fmt::format(",\n    CASE WHEN outcome IN ('pass', 'fail') THEN {} END AS score_{}",
                            Score(o_.metrics[m]), m);
    return fmt::format(
        "  SELECT side, case_id, coalesce(repeat, 1) AS repeat, outcome, {} AS segments, cluster, "
        "prompt_sha256,\n"
        "    coalesce(response_model, '') AS model, system_fingerprint AS fingerprint, {} AS deployment,\n"
        "    CASE WHEN {} LIKE '%hit%' THEN 1 END AS cached,\n"
        "    input_tokens, output_tokens,\n"
        "    CASE WHEN abs(cost_usd) < 1000000 THEN {} END AS cost_units,\n"
        "    CASE WHEN outcome <> 'infra_error' THEN {}\n      END AS latency_class,\n"
        "    CASE outcome WHEN 'pass' THEN 'p' WHEN 'fail' THEN 'f' WHEN 'model_error' THEN 'e' ELSE 'x' END "
        "AS "
        "letter,\n"
        "    row_number() OVER (PARTITION BY side, case_id, coalesce(repeat, 1)\n"
        "      ORDER BY CASE WHEN outcome = 'infra_error' THEN 1 ELSE 0 END) AS place{}\n"
        "  FROM minslice_raw",
        Segments(), Via("deployment"), Via("cache"), Units("cost_usd", kCostUnits), LatencyLadder(), scores);
  }

  std::string Trimmed(const std::string& text, char last) const {
    return o_.engine == Engine::kSpark ? fmt::format("rtrim('{}', {})", last, text)
                                       : fmt::format("rtrim({}, '{}')", text, last);
  }

  std::string Joined(int side, const std::string& value, const char* absent, char between, char last) const {
    std::string text;
    for (int r = 1; r <= o_.repeats; ++r) {
      if (!text.empty()) text += between == '\0' ? " || " : fmt::format(" || '{}' || ", between);
      text += fmt::format("coalesce(max(CASE WHEN side = {} AND repeat = {} THEN {} END), '{}')", side, r,
                          value, absent);
    }
    return Trimmed(text, last);
  }

  std::string Cases() const {
    std::string pattern = fmt::format("{} || '|' ||\n      {}", Joined(0, "letter", "-", '\0', '-'),
                                      Joined(1, "letter", "-", '\0', '-'));
    for (std::size_t m = 0; m < o_.metrics.size(); ++m) {
      const std::string units =
          fmt::format("CAST({} AS {})", Units(fmt::format("score_{}", m), kScoreUnits), string());
      pattern += fmt::format(" || ';' ||\n      {} || '|' ||\n      {}", Joined(0, units, "", ',', ','),
                             Joined(1, units, "", ',', ','));
    }
    std::string sides;
    for (int side = 0; side < 2; ++side) {
      const auto count = [&](const char* what, const char* name) {
        sides +=
            fmt::format("    count(CASE WHEN side = {} THEN {} END) AS {}_{},\n", side, what, name, side);
      };
      count("1", "rows");
      count("segments", "segments");
      count("cluster", "clusters");
      count("prompt_sha256", "prompts");
    }
    return fmt::format(
        "  SELECT case_id, max(segments) AS segments, max(cluster) AS cluster,\n{}"
        "    CASE WHEN min(segments) <> max(segments) OR min(cluster) <> max(cluster) THEN 1 ELSE 0 END AS "
        "mixed,\n"
        "    CASE WHEN min(prompt_sha256) <> max(prompt_sha256) THEN 1 ELSE 0 END AS mixed_prompt,\n"
        "    {} AS pattern\n"
        "  FROM minslice_rows GROUP BY case_id",
        sides, pattern);
  }

  std::string Row(const std::string& kind, const std::string& side, const std::string& a,
                  const std::string& b, const std::string& c, const std::string& i, const std::string& n,
                  const std::string& m, const std::string& rest) const {
    const auto text = [&](const std::string& value, const char* name) {
      return fmt::format("CAST({} AS {}) AS {}", value, string(), name);
    };
    const auto number = [&](const std::string& value, const char* name) {
      return fmt::format("CAST({} AS {}) AS {}", value, big(), name);
    };
    return fmt::format("SELECT {}, {}, {}, {}, {}, {}, {}, {}\n  FROM {}", text(kind, "kind"),
                       text(side, "side"), text(a, "a"), text(b, "b"), text(c, "c"), number(i, "i"),
                       number(n, "n"), number(m, "m"), rest);
  }

  std::string Results() const {
    const std::string none = "NULL";
    const std::string side = "CASE side WHEN 0 THEN 'incumbent' ELSE 'candidate' END";
    std::vector<std::string> parts;
    parts.push_back(Row("'cases'", none, "coalesce(segments, '{}')", "cluster", "pattern", none, "count(*)",
                        none, "minslice_cases GROUP BY segments, cluster, pattern"));
    parts.push_back(Row("'outcome'", side, "outcome", none, none, none, "count(*)", none,
                        "minslice_rows GROUP BY side, outcome"));
    for (const char* kind : {"model", "fingerprint", "deployment"}) {
      parts.push_back(Row(
          fmt::format("'{}'", kind), side, kind, none, none, "repeat", "count(*)",
          std::string_view(kind) == "model" ? "count(CASE WHEN outcome = 'pass' THEN 1 END)" : "NULL",
          fmt::format("minslice_rows WHERE outcome <> 'infra_error' AND {0} IS NOT NULL{1} GROUP BY "
                      "side, {0}, repeat",
                      kind, std::string_view(kind) == "model" ? "" : fmt::format(" AND {} <> ''", kind))));
    }
    parts.push_back(Row("'cached'", side, none, none, none, "repeat", "count(*)", none,
                        "minslice_rows WHERE outcome <> 'infra_error' AND cached = 1 GROUP BY side, repeat"));
    parts.push_back(Row("'latency'", side, none, none, none, "latency_class", "count(*)", none,
                        "minslice_rows WHERE latency_class IS NOT NULL GROUP BY side, latency_class"));
    for (const char* sum : {"cost_units", "input_tokens", "output_tokens"}) {
      parts.push_back(Row("'sum'", side, fmt::format("'{}'", sum), none, none, none,
                          fmt::format("sum({})", sum), none, "minslice_rows GROUP BY side"));
    }
    for (const auto& [name, column] :
         {std::pair("with_segments", "segments"), std::pair("with_cluster", "cluster"),
          std::pair("with_prompt", "prompt_sha256")}) {
      parts.push_back(Row("'sum'", side, fmt::format("'{}'", name), none, none, none,
                          fmt::format("count({})", column), none, "minslice_rows GROUP BY side"));
    }
    for (int s = 0; s < 2; ++s) {
      for (const auto& [name, column] :
           {std::pair("lacks_segments", "segments"), std::pair("lacks_cluster", "clusters"),
            std::pair("lacks_prompt", "prompts")}) {
        parts.push_back(
            Row("'sum'", fmt::format("'{}'", kSideNames[s]), fmt::format("'{}'", name), none, none, none,
                "count(*)", none,
                fmt::format("minslice_cases WHERE rows_0 > 0 AND rows_1 > 0 AND {0}_{1} = 0 AND {0}_{2} > 0",
                            column, s, 1 - s)));
      }
    }
    const auto refused = [&](const char* code, const std::string& rest) {
      parts.push_back(Row("'refused'", none, fmt::format("'{}'", code), none, "min(case_id)", none,
                          "count(DISTINCT case_id)", none, rest + " HAVING count(*) > 0"));
    };
    refused("duplicate_rows", "minslice_ranked WHERE place > 1 AND outcome <> 'infra_error'");
    refused(
        "segment_mismatch",
        "minslice_cases WHERE mixed = 1 OR (segments_0 > 0 AND segments_0 < rows_0) OR (segments_1 > 0 AND "
        "segments_1 < rows_1)\n    OR (clusters_0 > 0 AND clusters_0 < rows_0) OR (clusters_1 > 0 AND "
        "clusters_1 < "
        "rows_1)");
    refused("prompt_mismatch", "minslice_cases WHERE mixed_prompt = 1");
    refused("more_repeats", fmt::format("minslice_rows WHERE repeat > {} OR repeat < 1", o_.repeats));
    refused("unknown_outcome",
            "minslice_rows WHERE outcome IS NULL OR outcome NOT IN ('pass', 'fail', 'model_error', "
            "'infra_error')");
    for (std::size_t m = 0; m < o_.metrics.size(); ++m) {
      refused(
          "metric_missing",
          fmt::format(
              "minslice_rows WHERE outcome IN ('pass', 'fail') AND (score_{0} IS NULL OR abs(score_{0}) > "
              "{1:.0f})",
              m, kLargestScore));
    }
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "\nUNION ALL\n") + part;
    return text;
  }

  const SqlOptions& o_;
};

}  // namespace

std::string CountingQuery(const SqlOptions& options) { return Query(options).Build(); }

std::optional<std::string> NameOfOneFile(const std::string& path, Engine engine) {
  const bool pattern = path.find_first_of(engine == Engine::kSpark ? "*?[]{}\\" : "*?[") != std::string::npos;
  if (!pattern || engine == Engine::kPostgres) return path;
  if (engine == Engine::kSpark || path.find('\\') != std::string::npos) return std::nullopt;
  std::string name;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      name.append({'[', c, ']'});
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace minslice::reduce
