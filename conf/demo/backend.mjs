// The MCP server of the demo: three tools over a small table, on the official TypeScript SDK.
// It knows nothing of tokens; what reaches it is written, one line a call, to the file in BACKEND_LOG.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const customers = new Map([
  ['C-1042', { name: 'Ada Lovelace', city: 'London' }],
  ['C-1043', { name: 'Alan Turing', city: 'Wilmslow' }],
]);
const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });
const log = (line) => process.env.BACKEND_LOG && appendFileSync(process.env.BACKEND_LOG, line + '\n');

function build() {
  const server = new McpServer({ name: 'customer-table', version: '1.0.0' });
  server.registerTool('read_customer_record', { description: 'Reads one customer', inputSchema: z.object({ id: z.string() }) },
    ({ id }) => { log('read_customer_record ' + id); return text(customers.get(id) ?? null); });
  server.registerTool('modify_customer_record', { description: 'Changes one customer', inputSchema: z.object({ id: z.string(), city: z.string() }) },
    ({ id, city }) => { log('modify_customer_record ' + id); customers.set(id, { ...customers.get(id), city }); return text(customers.get(id)); });
  server.registerTool('delete_table', { description: 'Drops the whole table', inputSchema: z.object({ table: z.string() }) },
    ({ table }) => { log('delete_table ' + table); customers.clear(); return text({ dropped: table }); });
  return server;
}

const handle = toNodeHandler(createMcpHandler(build));
createServer((req, res) => {
  if (req.headers.authorization) log('AUTHORIZATION REACHED THE BACKEND');
  handle(req, res);
}).listen(Number(process.argv[2]), '127.0.0.1');
