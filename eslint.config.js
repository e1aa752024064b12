import tseslint from 'typescript-eslint'

/** `new Date()` and `Date.now()` outside of the clock make work that cannot be lived through by a test clock. */
const clock = 'now comes from tx.ctx.now'
const noClock = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clock },
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: clock },
  { selector: "CallExpression[callee.object.property.name='Now']", message: clock },
]
const noRawSql = { selector: "MemberExpression[object.name='sql'][property.name='raw']", message: 'sql.raw is an injection waiting: use the sql template' }
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'exports have names' }
const noClass = { selector: "ClassDeclaration:not([superClass.name='Error'])", message: 'no classes but errors: a plain object or a function will do' }

export default tseslint.config(
  { ignores: ['.build/', '.recoup/', '.tap/', 'node_modules/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // A subtest is awaited by the test it is part of.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }] }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/return-await': ['error', 'always'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // It takes boundaries that narrow a library's type for needless, and its fixes do not compile.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // Our objects are records of functions: nothing says `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Rows of raw SQL come as unknown, and are read by String() and Number(); a branded amount may be negated.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unsafe-unary-minus': 'off',
      // A command or a handler is async by contract, whether or not it has to wait.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', noRawSql, noDefaultExport, noClass],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      semi: ['error', 'never'],
      quotes: ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
    },
  },
  { files: ['src/modules/**/*.ts', 'src/kernel/**/*.ts'], rules: { 'no-restricted-syntax': ['error', noRawSql, noDefaultExport, noClass, ...noClock] } },
  // pg calls the methods of what it is given to send.
  { files: ['src/platform/db/wire.ts'], rules: { 'no-restricted-syntax': ['error', noRawSql, noDefaultExport] } },
  // A list of routes is as long as there are routes.
  { files: ['src/**/*api.ts', 'src/platform/api/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['scripts/drizzle.config.ts'], rules: { 'no-restricted-syntax': ['error', noRawSql, noClass] } },
  // A test is one story, however long, and may look at what it likes.
  { files: ['test/**/*.ts', 'scripts/**/*.ts'], rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 500 }], 'no-console': 'off' } },
)
