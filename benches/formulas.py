#!/usr/bin/env python3
"""Incidents made by formulas: a second labelled world, with no queue and no engine behind it.

`llmspan simulate` serves requests on simulated replicas. Here the time to first token and the time
per token are drawn from formulas (a base, a slope in uncached tokens, noise that drifts from minute
to minute, stragglers), and an incident multiplies, adds or moves. A rule that fits only the habits
of the one world shows in the other.

    python benches/formulas.py target/release/llmspan --cases 170 --seed 5

Each case is a table of calls (NDJSON), diagnosed with its window; printed are the answers that are
not acceptable and the measures of docs/accuracy.md.
"""
import argparse
import collections
import datetime as dt
import json
import math
import pathlib
import random
import subprocess
import tempfile
from dataclasses import dataclass, field, replace

MISSES = ["cache_miss_prompt_changed", "cache_miss_evicted", "cache_miss_cold"]
DRAFTS = ["acceptance_drop_traffic_shift", "acceptance_drop_draft_swap"]
SLOWER = ["prefill_queueing", "decode_contention", "capacity_event"]
PLACES = ["region_change", "pool_change", "model_change"]
CLIENT = ["client_retries", "client_stall"]
WORK = ["prompt_growth", "output_growth", "mix_shift", "load_surge"]
CAUSES = MISSES + DRAFTS + SLOWER + PLACES + CLIENT + WORK
HEALTHY = ["plain", "burst", "deploy", "daily"]
# Every attribute; what headers give; first tokens and tokens; durations and tokens.
LEVELS = ["full", "typical", "typical", "tokens", "duration"]
START = dt.datetime(2026, 9, 14, 6, tzinfo=dt.timezone.utc)
MINUTE_S = 60
LEAST_CACHED_TOKENS = 1024


@dataclass
class Prompt:
    name: str
    weight: float
    tokens: float
    spread: float
    cached_part: float
    answer: float
    accepted: float = 0.72


@dataclass
class Service:
    name: str
    model: str
    region: str
    per_s: float
    prompts: list


@dataclass
class World:
    """Everything about a case that is drawn once."""
    cause: str
    healthy: str
    severity: str
    level: str
    strength: float
    length_s: float
    onset_s: float
    end_s: float
    ramp_s: float
    surge: float
    confined: bool
    own_server: bool
    speculative: bool
    base_s: float
    per_token_s: float
    itl_s: float
    noise: float
    itl_noise: float
    stragglers: float
    room: float
    told: dict
    services: list
    drift: dict = field(default_factory=dict)


def log_uniform(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def drifting(rng, minutes, memory, spread):
    """A first-order autoregressive level by minute."""
    level, levels = rng.gauss(0, spread), []
    for _ in range(minutes):
        levels.append(level)
        level = memory * level + rng.gauss(0, spread * math.sqrt(1 - memory**2))
    return levels


def draw_services(rng, cause):
    services = []
    for at, name in enumerate(["chat-web", "rag", "batch", "agent"][: rng.randint(1, 4)]):
        prompts = [
            Prompt(f"{name}.{k}", rng.uniform(0.3, 1), log_uniform(rng, 300, 9000), rng.uniform(0.1, 0.6),
                   rng.uniform(0.3, 0.9) if rng.random() < 0.7 else 0, log_uniform(rng, 60, 900))
            for k in range(rng.randint(1, 3))
        ]
        if at == 0 and cause in MISSES:
            prompts = [replace(p, tokens=max(p.tokens, 4000), cached_part=rng.uniform(0.6, 0.95)) for p in prompts]
        if at == 0 and cause in ("mix_shift", "acceptance_drop_traffic_shift"):
            usual = prompts[0]
            prompts = [usual, Prompt(f"{name}.long", 0.25, usual.tokens * rng.uniform(2, 4), 0.2, 0,
                                     usual.answer * rng.uniform(1.5, 4), 0.45)]
        services.append(Service(name, rng.choice(["alpha-large", "beta-mini", "gamma-8b"]),
                                rng.choice(["us-east-1", "eu-west-1"]), log_uniform(rng, 0.06, 0.8), prompts))
    return services


def draw_world(rng, cause, severity, level):
    length_s = rng.uniform(5400, 12600)
    onset_s = length_s * rng.uniform(0.6, 0.8)
    services = draw_services(rng, cause)
    healthy = "" if cause else rng.choice(HEALTHY)
    surge = {"subtle": 1.6, "moderate": 2.2, "severe": 3.2}[severity] if cause == "load_surge" else 1.0
    told = {"prompt": level == "full" or rng.random() < 0.6, "version": level == "full" or rng.random() < 0.5,
            "region": level == "full" or rng.random() < 0.7, "fingerprint": rng.random() < 0.6,
            "tenant": rng.random() < 0.5}
    strength = {"subtle": (0.25, 0.4), "moderate": (0.5, 1), "severe": (1.3, 3)}[severity]
    world = World(
        cause=cause, healthy=healthy, severity=severity, level=level, told=told, services=services,
        strength=rng.uniform(*strength), length_s=length_s, onset_s=onset_s,
        end_s=min(length_s - 60, onset_s + rng.uniform(420, 1800)),
        ramp_s=rng.choice([0, 0, rng.uniform(30, 150)]),
        surge=2.0 if healthy == "burst" else surge,
        confined=len(services) > 1 and cause != "load_surge" and rng.random() < 0.55,
        own_server=cause == "load_surge" or (healthy != "burst" and rng.random() < 0.4),
        speculative=cause in DRAFTS or rng.random() < 0.3,
        base_s=rng.uniform(0.08, 0.45), per_token_s=rng.uniform(2e-5, 1.5e-4),
        itl_s=log_uniform(rng, 0.008, 0.04), noise=rng.uniform(0.12, 0.4),
        itl_noise=rng.uniform(0.04, 0.15), stragglers=rng.uniform(0.002, 0.02),
        room=rng.uniform(1.6, 3))
    minutes = int(length_s // MINUTE_S) + 2
    for name, spread in (("ttft", rng.uniform(0.02, 0.1)), ("itl", rng.uniform(0.01, 0.06)), ("rate", 0.15)):
        world.drift[name] = drifting(rng, minutes, rng.uniform(0.3, 0.9), spread)
    return world


def incident(world, at_s):
    """How far the incident is on at a time, 0 to 1."""
    if not world.onset_s <= at_s < world.end_s:
        return 0.0
    return 1.0 if world.ramp_s == 0 else min(1.0, (at_s - world.onset_s) / world.ramp_s)


def arrivals(world, rng):
    """Times, services and prompts, in order."""
    calls = []
    for at, service in enumerate(world.services):
        now, most = 0.0, service.per_s * 4
        while (now := now + rng.expovariate(most)) < world.length_s:
            on = incident(world, now)
            rate = math.exp(world.drift["rate"][int(now // MINUTE_S)]) * (1 + (world.surge - 1) * on)
            if world.healthy == "daily":
                rate *= 1 + 0.6 * now / world.length_s
            if rng.random() * 4 > rate:
                continue
            weights = [prompt.weight for prompt in service.prompts]
            if at == 0 and world.cause in ("mix_shift", "acceptance_drop_traffic_shift"):
                moved = on * {"subtle": 0.25, "moderate": 0.45, "severe": 0.7}[world.severity]
                total = sum(weights)
                weights = [weight / total * (1 - moved) for weight in weights]
                weights[-1] += moved
            calls.append((now, at, rng.choices(service.prompts, weights)[0], on))
    return sorted(calls, key=lambda call: call[0])


def usual_work(world, service, prompt, rng):
    tokens = max(20, int(prompt.tokens * math.exp(rng.gauss(0, prompt.spread))))
    prefix = int(prompt.cached_part * min(tokens, prompt.tokens))
    held = prefix >= LEAST_CACHED_TOKENS and rng.random() > 0.08
    return {"input": tokens, "output": max(2, int(prompt.answer * math.exp(rng.gauss(0, 0.5)))), "prefix": prefix,
            "cached": prefix if held else 0, "version": "v7", "model": service.model + "-2026-05",
            "region": service.region, "pool": "pool-a", "fingerprint": "fp_a", "accepted": prompt.accepted,
            "ttft": 1.0, "itl": 1.0, "wait": 0.0, "retry": 0.0, "attempts": 1, "stall": 0.0, "batch": 1.0, "reason": None}


def altered(world, work, on, rng):
    """The same call inside the incident."""
    work, k, draw = dict(work), world.strength * on, rng.random()
    first = world.base_s + world.per_token_s * (work["input"] - work["cached"])
    lost = draw < on * min(0.95, 0.5 + 0.3 * world.strength)
    moved = draw < 0.5 + 0.5 * on
    match world.cause:
        case "prompt_growth":
            work["input"] = int(work["input"] * (1 + 2.2 * k))
        case "output_growth":
            work["output"] = int(work["output"] * (1 + 1.1 * k))
        case "cache_miss_prompt_changed" | "cache_miss_evicted" | "cache_miss_cold":
            if world.cause == "cache_miss_prompt_changed":
                work["version"] = "v8"
            if lost and work["cached"]:
                work.update(cached=0, reason=world.cause.removeprefix("cache_miss_"))
        case "prefill_queueing":
            work["wait"] = k * first * rng.uniform(0.3, 1.7)
        case "decode_contention":
            work.update(itl=1 + 0.8 * k, batch=1 + 1.2 * k)
        case "capacity_event":
            work.update(itl=1 + 0.6 * k, batch=1 + 0.7 * k, wait=k * first * rng.uniform(0.3, 1.7))
        case "acceptance_drop_draft_swap":
            work["accepted"] *= 1 - min(0.8, 0.5 * k)
        case "region_change" if moved:
            work.update(region="ap-south-1", ttft=1 + 0.8 * k, itl=1 + 0.2 * k)
        case "pool_change" if moved:
            work.update(pool="pool-b", fingerprint="fp_b", ttft=1 + 0.6 * k, itl=1 + 0.7 * k)
        case "model_change" if moved:
            work.update(model=work["model"].replace("-05", "-08"), ttft=1 + 0.5 * k, itl=1 + 0.7 * k)
        case "client_retries" if draw < on * min(0.8, 0.3 + 0.25 * world.strength):
            work.update(attempts=2, retry=(0.4 + rng.random()) * (0.7 + world.strength))
        case "client_stall":
            work["stall"] = k * rng.uniform(0.3, 1.3)
    return work


def times(world, work, at_s, load, luck):
    """Time to first token, time per token and wait in the server's queue, seconds."""
    minute = int(at_s // MINUTE_S)
    queue = max(0.0, load - 0.55) * 2.2 * world.base_s * luck["queue"] if world.own_server else 0.0
    crowd = 1 + 0.9 * max(0.0, load - 0.2) if world.own_server else 1.0
    drift = math.exp(world.drift["ttft"][minute])
    prefill = world.per_token_s * (work["input"] - work["cached"]) * luck["prefill"]
    ttft = (world.base_s * luck["base"] + prefill) * drift * work["ttft"] + queue + work["wait"] + luck["straggle"]
    itl = world.itl_s * luck["itl"] * math.exp(world.drift["itl"][minute]) * work["itl"] * crowd
    itl *= 1 + 0.05 * work["input"] / 8000
    if world.speculative:
        itl *= (1 + 3 * 0.72) / (1 + 3 * work["accepted"])
    return ttft + work["retry"] + work["stall"], itl, queue + work["wait"]


def row_of(world, index, at_s, service, prompt, work, seen, rng):
    """The call as the canonical table has it at that level; what is not told is left out."""
    ttft, itl, queue = seen
    decode = itl * max(work["output"] - 1, 1)
    told, uncached = world.told, work["input"] - work["cached"]
    row = {"trace_id": f"{index:032x}", "span_id": f"{index:016x}", "service_name": service.name, "dialect": "semconv",
           "start": (START + dt.timedelta(seconds=at_s)).isoformat(), "duration_s": ttft + decode, "provider": "acme",
           "operation": "chat", "request_model": service.model, "input_tokens": work["input"],
           "output_tokens": work["output"], "status": "ok"}
    if told["tenant"]:
        row["tenant"] = f"t{rng.randint(0, 3)}"
    if told["prompt"]:
        row["prompt_name"] = prompt.name
    if world.level == "duration":
        return row
    row |= {"streaming": True, "ttft_s": ttft, "decode_s": decode, "itl_s": itl}
    if world.level == "tokens":
        return row
    row |= {"response_model": work["model"], "cache_read_tokens": work["cached"], "uncached_tokens": uncached,
            "cache_write_tokens": work["prefix"] if work["cached"] < work["prefix"] else 0,
            "cache_hit_ratio": work["cached"] / work["input"], "request_id": f"req_{index:06d}", "http_status": 200,
            "attempts": work["attempts"], "retry_wait_s": work["retry"], "client_wait_s": work["stall"] + 0.002}
    if told["version"]:
        row["prompt_version"] = work["version"]
    if told["region"]:
        row["region"] = work["region"]
    if told["fingerprint"]:
        row["system_fingerprint"] = work["fingerprint"]
    if world.level == "full":
        row |= {"pool_id": work["pool"], "queue_wait_s": queue,
                "batch_size": max(1, round(24 * work["batch"] * math.exp(rng.gauss(0, 0.2))))}
        if work["reason"]:
            row |= {"cache_miss_reason": work["reason"], "cache_miss_reason_source": "span"}
        if world.speculative:
            proposed = int(work["output"] * 1.2) + 1
            accepted = int(proposed * min(1, max(0, work["accepted"] + rng.gauss(0, 0.05))))
            row |= {"spec_proposed_tokens": proposed, "spec_accepted_tokens": accepted,
                    "spec_acceptance_ratio": accepted / proposed}
    return row


def make_case(world, rng):
    """Rows, and for each whether the incident slowed it: the same draws without it were faster."""
    calls = arrivals(world, rng)
    by_minute = collections.Counter(int(call[0] // MINUTE_S) for call in calls)
    quiet = [count for minute, count in by_minute.items() if minute * MINUTE_S < world.onset_s]
    usual = max(1.0, sum(quiet) / max(1, len(quiet)))
    rows, slowed = [], []
    for index, (at_s, at, prompt, on) in enumerate(calls):
        service, moved = world.services[at], on > 0 and (at == 0 or not world.confined)
        calm = usual_work(world, service, prompt, rng)
        work = altered(world, calm, on, rng) if moved and world.cause else calm
        if world.healthy == "deploy" and at_s > world.onset_s:
            work = work | {"version": "v8"}
        luck = {"base": math.exp(rng.gauss(0, world.noise)), "prefill": math.exp(rng.gauss(0, 0.1)),
                "itl": math.exp(rng.gauss(0, world.itl_noise)), "queue": rng.expovariate(1),
                "straggle": 1.5 / (rng.random() + 0.08) if rng.random() < world.stragglers else 0.0}
        load = min(1.4, by_minute[int(at_s // MINUTE_S)] / usual / world.room)
        seen = times(world, work, at_s, load, luck)
        twin = times(world, calm, at_s, load if world.surge == 1 else min(load, 1 / world.room), luck)
        rows.append(row_of(world, index, at_s, service, prompt, work, seen, rng))
        added = [seen[0] + seen[1] * work["output"] - twin[0] - twin[1] * calm["output"], seen[0] - twin[0]]
        usual_s = [twin[0] + twin[1] * calm["output"], twin[0]]
        slow = any(more > 0.02 and more > part * was for more, part, was in zip(added, (0.05, 0.1), usual_s))
        if world.cause in ("mix_shift", "acceptance_drop_traffic_shift"):
            slow = moved and prompt.name.endswith(".long")
        slowed.append(slow)
    return [call[0] for call in calls], rows, slowed


def acceptable(world):
    """The causes that the visible attributes allow; None is an honest silence."""
    cause, level, told = world.cause, world.level, world.told
    names = {cause}
    if level != "full" and cause in MISSES:
        names |= set(MISSES)
    if level == "full":
        return names
    if cause in DRAFTS:
        names |= {"decode_contention", "mix_shift", *DRAFTS}
    if cause == "mix_shift" and not told["prompt"]:
        names |= {"prompt_growth", "output_growth"}
    hidden = {"region_change": not told["region"], "pool_change": not told["fingerprint"], "model_change": False}
    if cause in PLACES and (level != "typical" or hidden[cause]):
        names |= {*SLOWER, *PLACES}
    if level != "typical" and cause in CLIENT:
        names |= {"prefill_queueing", "capacity_event", *CLIENT}
    if level != "typical" and cause in MISSES:
        names |= {"prefill_queueing"}
    if level == "duration":
        names |= {None} if cause in WORK else {None, *SLOWER, *PLACES, *CLIENT, *MISSES, *DRAFTS}
    return names


def recorded(world, rng):
    """A case's rows, its window, the ids of slowed calls and how many calls the window holds; None
    where the draw left too little to judge."""
    starts, rows, slowed = make_case(world, rng)
    window = (world.onset_s + rng.uniform(-60, 90), min(world.length_s, world.end_s + rng.uniform(-60, 60)))
    inside = [slow for at_s, slow in zip(starts, slowed) if window[0] <= at_s < window[1]]
    if len(inside) < 40 or (world.cause and sum(inside) < 15):
        return None
    return rows, window, {row.get("request_id") for row, slow in zip(rows, slowed) if slow}, len(inside)


class Score:
    def __init__(self, acceptable):
        self.acceptable = acceptable
        self.counts = collections.Counter()
        self.by_cause = collections.defaultdict(lambda: [0, 0])
        self.sure = []

    def add(self, world, answer, ids, calls):
        found = answer["diagnoses"]
        first = found[0]["cause"] if found else None
        right = first in self.acceptable(world) if world.cause else not found
        self.counts.update(cases=1, acceptable=right, healthy=not world.cause, alarms=bool(found and not world.cause))
        if world.cause:
            of = self.by_cause[world.cause]
            of[0], of[1] = of[0] + right, of[1] + 1
            if world.severity != "subtle":
                self.counts.update(strong=1, missed=not found)
        if found and world.cause:
            self.sure.append((found[0]["confidence"], first == world.cause))
        if found and first == world.cause:
            cited = [call["request_id"] for call in found[0]["request_ids"]]
            truth = {"service.name": world.services[0].name} if world.confined else {}
            self.counts.update(named=1, segment=truth.items() <= found[0]["segment"].items(), cited=len(cited),
                               cited_right=sum(cite in ids for cite in cited))
        if not right:
            said = [(item["cause"], item["confidence"]) for item in found[:2]] or answer["verdict"]
            print(f"{self.counts['cases'] - 1:4} {world.cause or world.healthy:30} {world.severity:8} {world.level:8} {calls:5} calls  {said}")

    def print(self):
        of = self.counts
        print(f"\nacceptable       {of['acceptable']} of {of['cases']} = {of['acceptable'] / of['cases']:.3f}")
        print(f"false alarms     {of['alarms']} of {of['healthy']}")
        print(f"missed           {of['missed']} of {of['strong']} moderate and severe")
        print(f"segment right    {of['segment']} of {of['named']}")
        print(f"cited ids        {of['cited_right']} of {of['cited']}")
        bins = collections.defaultdict(list)
        for sure, right in self.sure:
            bins[min(9, int(sure * 10))].append((sure, right))
        error = 0.0
        for at in sorted(bins):
            said, right = (sum(pair[k] for pair in bins[at]) / len(bins[at]) for k in (0, 1))
            error += len(bins[at]) / len(self.sure) * abs(said - right)
            print(f"said {said:.2f}  right {right:.2f}  of {len(bins[at])}")
        print(f"calibration error against the true cause {error:.3f}")
        print(", ".join(f"{cause} {right}/{all}" for cause, (right, all) in sorted(self.by_cause.items())))


def run(doc, causes, draw, record, acceptable, cases):
    """Draws cases until so many could be judged, every fifth a healthy window, and prints the score."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--cases", type=int, default=cases)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the tables and their windows")
    args = parser.parse_args()
    score, done, drawn = Score(acceptable), 0, 0
    while done < args.cases:
        rng = random.Random(f"{args.seed}/{drawn}")
        drawn += 1
        cause = "" if done % 5 == 4 else causes[(done - done // 5) % len(causes)]
        severity = rng.choice(["subtle", "moderate", "moderate", "severe"])
        world = draw(rng, cause, severity, rng.choice(LEVELS))
        case = record(world, rng)
        if case is not None:
            rows, window, ids, inside = case
            answer = ask(args.binary, rows, window, args.keep and args.keep / f"{done:03}")
            done += 1
            score.add(world, answer, ids, inside)
    score.print()


def ask(binary, rows, window, keep):
    """What llmspan says of a table of calls and a window in seconds; kept where a name is given."""
    at = "/".join((START + dt.timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in window)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        keep.with_suffix(".ndjson").write_text(text)
        keep.with_suffix(".window").write_text(at)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "calls.ndjson")
        file.write_text(text)
        command = [binary, "diagnose", str(file), "--window", at, "--format", "json", "-q"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


if __name__ == "__main__":
    run(__doc__, CAUSES, draw_world, recorded, acceptable, cases=170)
