#!/usr/bin/env node
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadData } from '../core/convert/threads.node.ts';
import { runProgram } from './program.ts';
import { guardStreams } from './terminal.ts';

/** The command line itself; a converting thread runs the same file and does its part instead. */
if (isMainThread) {
  guardStreams();
  await runProgram(process.argv.slice(2));
} else if (parentPort) await serveThread(parentPort, workerData as ThreadData);
