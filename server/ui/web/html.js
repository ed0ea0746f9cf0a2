// What components are written in: Preact's hooks, and htm for markup without a build step.
import { h, render, createContext } from "./lib/preact.js";
import { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext, useErrorBoundary } from "./lib/hooks.js";
import { htm } from "./lib/htm.js";

const html = htm.bind(h);

export const ui = { html, render, createContext, useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext, useErrorBoundary };
