import { defineConfig } from 'drizzle-kit'

// The compiled tables: drizzle-kit's own loader does not know the aliases of package.json.
// A default export is what drizzle-kit reads.
export default defineConfig({ dialect: 'postgresql', schema: './.build/src/**/tables.js', out: './migrations', casing: 'snake_case' })
