#!/usr/bin/env node
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadData } from '../core/convert/threads.node.ts';
import { runProgram } from './program.ts';
import { guardStreams } from './terminal.ts';
import { failUnfinished } from './unfinished.ts';

/** The command line itself; a converting thread runs the same file and does its part instead. */
if (isMainThread) {
  guardStreams();
  failUnfinished(runProgram(process.argv.slice(2)));
} else if (parentPort) void serveThread(parentPort, workerData as ThreadData);
