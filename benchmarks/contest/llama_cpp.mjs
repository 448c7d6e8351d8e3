// llama.cpp, through node-llama-cpp, as a contestant of the speed benchmark: node llama_cpp.mjs FOLDER MODEL THREADS [LOOKUP_TOKENS]
// FOLDER holds node_modules. With LOOKUP_TOKENS it drafts that many tokens by prompt lookup. The protocol is contestant.py's.

import {createInterface} from "node:readline";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const [folder, modelPath, threads, lookup] = process.argv.slice(2);
const {getLlama, InputLookupTokenPredictor} = await import(pathToFileURL(join(folder, "node_modules/node-llama-cpp/dist/index.js")).href);
const llama = await getLlama({build: "never", gpu: false, logLevel: "error", progressLogs: false});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: 4096, threads: Number(threads)});
const tokenPredictor = lookup ? new InputLookupTokenPredictor({predictionLength: {max: Number(lookup)}}) : undefined;
const sequence = context.getSequence({tokenPredictor});
const say = (object) => process.stdout.write(JSON.stringify(object) + "\n");

say({ready: true});
for await (const line of createInterface({input: process.stdin})) {
    const work = JSON.parse(line);
    const ids = [];
    let first = 0, last = 0;
    // With `reuse` the beginning that this prompt shares with the last one is not run again.
    if (work.reuse) await sequence.adaptStateToTokens(work.tokens.slice(0, -1));
    else await sequence.clearHistory();
    const shared = work.reuse ? sequence.nextTokenIndex : 0;
    tokenPredictor?.updateInputTokens(work.tokens);
    for await (const token of sequence.evaluate(work.tokens.slice(shared), {temperature: 0, yieldEogToken: true})) {
        last = performance.now();
        first ||= last;
        ids.push(token);
        if (ids.length === work.max_new_tokens || work.stop.includes(token)) break;
    }
    // The first token's time is the prompt's.
    say({ids, tokens: ids.length - 1, seconds: (last - first) / 1000, forwards: null, peak_memory_bytes: process.resourceUsage().maxRSS * 1024});
}
process.exit(0);
